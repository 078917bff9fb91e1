import { listOf, type Redirect } from "./redirect-list.ts";

// The strings stand as they are, backslashes and all; white space parts them.
const HOSTS: Readonly<Record<string, string>> = {
  "another host without a scheme": `
    //evil.example ///evil.example ////evil.example /////evil.example //evil.example/ //evil.example/x
    //evil.example:443 //evil.example?x //evil.example#x //EVIL.EXAMPLE //evil //evil.example. //evil.example//x
    //evil.example/..//app.example.com //evil.example/app.example.com //evil.example/%2f.. //evil.example/%2e%2e
    //evil.example;app.example.com //app.example.com.evil.example //app.example.comevil.example //*.example.com
    //192.0.2.1 //3221225985 //0xC0000201 //0300.0.2.1 //192.0.513 //[2001:db8::1] //[::ffff:192.0.2.1] //localhost
    //%65vil.example //evil%2eexample //evil.example%2f@app.example.com //:80 // //? //# ///`,
  "a backslash that browsers read as a slash": String.raw`
    \\evil.example /\evil.example \/evil.example /\/evil.example /\\evil.example \\\evil.example /\\\evil.example
    \/\/evil.example \\/evil.example //\evil.example //\/evil.example \\\\evil.example /\evil.example/..
    https:\\evil.example https:/\evil.example https:\/evil.example https:\evil.example http:\\evil.example
    https:\/\/evil.example https://evil.example\@app.example.com https://evil.example\.app.example.com
    https://app.example.com\@evil.example https://app.example.com\.evil.example //app.example.com\@evil.example
    //evil.example\@app.example.com \\app.example.com@evil.example /\app.example.com@evil.example
    \evil.example /x\..\..\\evil.example \..\\evil.example /\.\evil.example`,
  "fewer or more slashes behind the scheme": `
    https:evil.example https:/evil.example https:///evil.example https:////evil.example https://///evil.example
    http:evil.example http:/evil.example http:///evil.example HTTPS:evil.example hTTps:/evil.example
    https:?evil.example https:#evil.example https:@evil.example https:/@evil.example https:.evil.example`,
  "slashes and schemes in percent encoding": `
    /%2fevil.example /%2Fevil.example /%2f%2fevil.example /%5cevil.example /%5Cevil.example %2f%2fevil.example
    %5c%5cevil.example %2f/evil.example /%2f/evil.example /%09/evil.example /%0a/evil.example /%0d/evil.example
    /%0d%0a/evil.example /%00/evil.example /%20/evil.example /%252fevil.example /%255cevil.example
    %252f%252fevil.example /%25252fevil.example /%c0%afevil.example /%e0%80%afevil.example /%u002fevil.example
    %68ttps://evil.example https%3a%2f%2fevil.example https:%2f%2fevil.example https%3A//evil.example
    %6aavascript:alert(1) javascript%3aalert(1) &#47;&#47;evil.example &#x2f;&#x2f;evil.example /&sol;evil.example`,
  "dot segments that leave two slashes in front": String.raw`
    /.//evil.example /..//evil.example /x/..//evil.example /./\evil.example /.\/evil.example /%2e//evil.example
    /%2E%2E//evil.example /x/%2e%2e//evil.example .//evil.example ..//evil.example ./\evil.example
    /x/../\evil.example /x/y/../..//evil.example /.././/evil.example /x/.//..//..//evil.example /..\\evil.example
    https://app.example.com//evil.example https://app.example.com/.//evil.example
    https://app.example.com/\evil.example https://app.example.com/..//evil.example /..;//evil.example`,
  "the own host as a user name": `
    https://app.example.com@evil.example https://app.example.com:pw@evil.example http://app.example.com@evil.example
    https://app.example.com:443@evil.example https://app.example.com%2f@evil.example
    https://app.example.com%23@evil.example https://app.example.com%3f@evil.example https://@evil.example
    https://:@evil.example https://evil.example@app.example.com@evil.example https://spa.example.com@evil.example
    https://app.example.com&@evil.example#@app.example.com https://a:b@c:d@evil.example https://%00@evil.example
    https://app.example.com%40evil.example //app.example.com@evil.example //app.example.com:443@evil.example
    //@evil.example //:@evil.example //;@evil.example https://app.example.com;@evil.example`,
  "a user name or password for a known host": `
    https://user@app.example.com/ https://user:pw@app.example.com/x https://:pw@app.example.com/
    https://evil.example@app.example.com/ //user@app.example.com/ https://user@spa.example.com/
    https://javascript:alert(1)@app.example.com/ https://evil.example%2f@app.example.com/`,
  "a host that looks like one of ours": `
    https://app.example.com.evil.example https://app.example.com-evil.example https://evil-app.example.com
    https://xapp.example.com https://app.example.comx https://app.example.co https://app.example https://app-example.com
    https://appxexample.com https://app.examplexcom https://example.com https://www.app.example.com
    https://evil.app.example.com https://pp.example.com https://app.example.com.com https://app.example.org
    https://app..example.com https://.app.example.com https://spa.example.com.evil.example https://spa-example.com
    https://spa.example.comevil.example https://xspa.example.com https://evil.spa.example.com https://spaxexample.com
    https://app.example.com. https://spa.example.com. https://app.example.com.:443 https://app.example.com,evil.example
    https://app.examp1e.com https://app.exarnple.com https://aapp.example.com https://app.exampel.com`,
  "the own host behind the end of another": `
    https://evil.example/app.example.com https://evil.example/https://app.example.com https://evil.example?app.example.com
    https://evil.example#app.example.com https://evil#.app.example.com https://evil?.app.example.com
    https://evil.example/.app.example.com https://evil.example;.app.example.com https://evil.example%2f.app.example.com
    https://evil.example%23.app.example.com https://evil.example%00.app.example.com https://evil.example%5c.app.example.com
    https://evil.example:443/app.example.com https://evil.example/?https://app.example.com https://evil.example&app.example.com
    https://evil.example?@app.example.com https://evil.example#@app.example.com https://evil.example/@app.example.com`,
  "another port or scheme of a known host": `
    http://app.example.com http://app.example.com/x http://app.example.com:443 https://app.example.com:80
    https://app.example.com:8443 https://app.example.com:444/x https://app.example.com:0 https://app.example.com:65536
    https://app.example.com:4430 https://app.example.com:443:443 https://app.example.com:x https://app.example.com:-1
    https://app.example.com:443x https://spa.example.com:8443 http://spa.example.com https://spa.example.com:80
    ws://app.example.com wss://app.example.com ftp://app.example.com //app.example.com:8443 //spa.example.com:1`,
  "an address of a machine or a network": `
    https://localhost https://127.0.0.1 https://[::1]/ https://0/ https://2130706433 https://0x7f000001 https://127.1
    https://169.254.169.254/latest/meta-data https://[::ffff:127.0.0.1] https://192.168.0.1 https://null https://undefined`,
  "what no parser of URLs takes": `
    https:// https: http:// https://[ https://[::1 https://% https://%zz https://<evil> https://evil.example:99999
    https://^ https://| https://evil%2 ://evil.example :evil.example : :// https://# https://? https://@ https://:443
    https://xn-- https://xn--a https://-. https://*.* https://[app.example.com] https://[::g] https://1.2.3.256`,
  "text that is no target": `
    evil.example www.evil.example evil.example/x @evil.example *.evil.example ~//evil.example ;//evil.example
    ["//evil.example"] {"a":"//evil.example"} [object null undefined NaN true 0 __proto__ constructor toString % %zz
    '//evil.example' "//evil.example" <//evil.example> (//evil.example) url=//evil.example redirect_to=//evil.example
    0;url=//evil.example =//evil.example &//evil.example ,//evil.example !//evil.example`,
};

/** Targets whose host is not ours, in every spelling without a control character. */
export const REDIRECT_HOSTS: readonly Redirect[] = listOf(HOSTS);
