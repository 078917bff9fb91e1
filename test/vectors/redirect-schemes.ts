import { listOf, type Redirect } from "./redirect-list.ts";

const SCHEMES: Readonly<Record<string, string>> = {
  "a script": String.raw`
    javascript:alert(1) JavaScript:alert(1) JaVaScRiPt:alert(1) JAVASCRIPT:alert(1) javascript:// javascript:
    javascript://app.example.com/%0aalert(1) javascript://app.example.com/%0d%0aalert(1) javascript:/alert(1)
    javascript://https://app.example.com/%0aalert(1) javascript:'https://app.example.com/'
    javascript://%250aalert(1) javascript:%61lert(1) javascript:alert(1)//https://app.example.com javascript:;//
    javascript:\u0061lert(1) javascript:window.location='//evil.example' vbscript:msgbox(1) VbScript:msgbox(1)
    livescript:alert(1) mocha:alert(1) feed:javascript:alert(1) unsafe:javascript:alert(1) x-javascript:alert(1)
    view-source:javascript:alert(1) jar:javascript:alert(1) pcast:javascript:alert(1) /javascript:alert(1)//
    javascript&colon;alert(1) javascript&#58;alert(1) &#106;avascript:alert(1)`,
  "a document in the URL itself": `
    data:text/html,<script>alert(1)</script> DATA:text/html,x data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==
    data:,x data: data:text/html;charset=utf-8,x data://app.example.com/ data:application/xhtml+xml,x
    data:image/svg+xml,<svg/onload=alert(1)> dAtA:text/html,x`,
  "a scheme whose origin is that of its inner URL": `
    blob:https://app.example.com/0e1f BLOB:https://app.example.com/0e1f blob:https://spa.example.com/0e1f
    blob:https://evil.example/0e1f blob:null/0e1f blob: filesystem:https://app.example.com/temporary/x
    view-source:https://app.example.com/ View-Source:https://app.example.com/ jar:https://app.example.com!/x
    wyciwyg://0/https://app.example.com feed:https://app.example.com/ feed://app.example.com/`,
  "files, applications and other schemes": `
    file:///etc/passwd FILE:///etc/passwd file://app.example.com/x file:x file:/x about:blank about:srcdoc about:config
    mailto:ann@example.com tel:+4912345 sms:+4912345 callto:x facetime:x skype:x magnet:?xt=x steam://run/1
    intent://app.example.com/#Intent;scheme=https;end android-app://com.example.app ms-word:ofe|u|https://evil.example
    search-ms:query=x chrome://settings chrome-extension://x/y.html moz-extension://x/y.html resource://x res://x
    ldap://evil.example gopher://evil.example dict://evil.example sftp://evil.example ssh://evil.example
    git://evil.example tftp://evil.example smb://evil.example ftp://evil.example ws://evil.example wss://evil.example
    urn:x cid:x mid:x itms-services://?action=x myapp://callback com.example.app:/callback httpss://app.example.com
    https+x://app.example.com xhttps://app.example.com h://app.example.com -https://app.example.com 1https://x`,
};

const UNICODE: Readonly<Record<string, readonly string[]>> = {
  "slashes and dots of other alphabets": [
    ...[
      "/\uFF0Fevil.example",
      "\uFF0F\uFF0Fevil.example",
      "https:\uFF0F\uFF0Fevil.example",
      "/\u2044evil.example",
    ],
    ...["/\u2215evil.example", "\u29F8\u29F8evil.example", "\uFF3C\uFF3Cevil.example", "/\uFF3Cevil.example"],
    ...[
      "//evil\u3002example",
      "//evil\uFF0Eexample",
      "//evil\uFF61example",
      "//evil\u2024example",
      "/\u3002/evil",
    ],
    ...["https://app\u3002example\u3002com.evil.example", "https://app.example.com\uFF0F@evil.example"],
    ...["https://app.example.com\uFF1A443@evil.example", "https://app.example.com\uFF1F.evil.example"],
    ...["https://evil.example\uFF03.app.example.com", "https://evil.example\uFF20app.example.com"],
    ...[
      "https://evil.c\u2100.app.example.com",
      "https://evil.example\u2A74//app.example.com",
      "https\uFF1A//evil.example",
    ],
    ...[
      "//\u24D4\u24E5\u24D8\u24DB.example",
      "//\uFF45\uFF56\uFF49\uFF4C.example",
      "//evil.example\uFE12app.example.com",
    ],
    ...[
      "javascript\uFF1Aalert(1)",
      "\uFF4Aavascript:alert(1)",
      "java\u017Fcript:alert(1)",
      "ja\u200Bvascript:alert(1)",
    ],
  ],
  "letters that look like ours": [
    ...["https://\u0430pp.example.com", "https://a\u0440p.example.com", "https://app.\u0435xample.com"],
    ...["https://app.exam\u0440le.com", "https://app.example.\u0441om", "https://app.example.c\u043Em"],
    ...["https://\u03B1pp.example.com", "https://app.ex\u00E4mple.com", "https://app.example.com\u0338"],
    ...["https://sp\u0430.example.com", "https://xn--pp-7kc.example.com", "https://app.xn--xample-2of.com"],
    ...["https://app.example.c\u03BFm", "https://\u0251pp.example.com", "https://app.examp\u04CFe.com"],
    ...["https://app.exam\u2174le.com", "https://app.exampl\u0454.com", "https://\u1D00pp.example.com"],
  ],
  "line breaks that would write headers": [
    ...[
      "/x\r\nLocation: https://evil.example",
      "/x\r\nSet-Cookie: a=b",
      "/x\nSet-Cookie: a=b",
      "/x\rSet-Cookie: a=b",
    ],
    ...[
      "/\r\n\r\n<script>alert(1)</script>",
      "https://app.example.com/\r\nSet-Cookie: a=b",
      "\r\nSet-Cookie: a=b",
    ],
    ...["/x%0d%0aSet-Cookie:%20a=b", "/x%0aSet-Cookie:a=b", "/x%E5%98%8A%E5%98%8DSet-Cookie:a=b"],
    ...[
      "/\u560A\u560DSet-Cookie:a=b",
      "/x\u2028Set-Cookie: a=b",
      "/x\u0085Set-Cookie: a=b",
      "/x\vSet-Cookie: a=b",
    ],
  ],
  "half of a character": [
    ...["/\uD800", "/x\uDFFF", "/\uDC00\uD800", "https://app.example.com/\uD83D", "//evil.example/\uD800"],
    ...[
      "\uD800//evil.example",
      "/?\uD800",
      "/#\uDC00",
      "//evil\uD800.example",
      "https://app.example.com\uD800",
    ],
  ],
  "white space in odd places": [
    ...["https ://evil.example", "https: //evil.example", "https:// evil.example", "https:/ /evil.example"],
    ...[
      "https://evil .example",
      "https://app.example.com @evil.example",
      "https://app.example.com\t@evil.example",
    ],
    ...[
      "https://app.example.com\n.evil.example",
      "h\nt\tt\rps://evil.example",
      "/\t\\evil.example",
      "\t/\n/\revil.example",
    ],
    ...[
      "java\r\nscript:alert(1)",
      "javascript :alert(1)",
      "javascript\t:alert(1)",
      "java\0script:alert(1)//",
      " data:,x",
    ],
    ...["\tblob:https://app.example.com/0e1f", "//evil.example\t", "//evil.example\n/x", "/ //evil.example"],
  ],
  "nothing, or too much": [
    ...["", " ", "\t", "\r\n", "\0", "\u3000", `/${"a".repeat(10_240)}`, `/x?${"a".repeat(10_240)}`],
    ...[
      `//${"e".repeat(10_240)}.example`,
      `https://evil.example/${"a".repeat(10_240)}`,
      `/#${"a".repeat(10_240)}`,
    ],
    ...[
      "/".repeat(10_240),
      `${"/..".repeat(3_400)}//evil.example`,
      "\\".repeat(10_240),
      `/${"\u00E9".repeat(5_120)}`,
    ],
    ...[
      `${" ".repeat(10_240)}//evil.example`,
      `/${"%2f".repeat(3_400)}evil.example`,
      `javascript:${"a".repeat(10_240)}`,
    ],
  ],
};

// C0 and the space, which URL parsers cut off or leave out, then what looks like nothing or like a space.
const INVISIBLE: readonly number[] = [
  ...Array.from({ length: 0x21 }, (_, code) => code),
  ...[0x7f, 0x85, 0xa0, 0xad, 0x1680, 0x180e, 0x2000, 0x200b, 0x200d, 0x200e, 0x2028, 0x2029, 0x202e, 0x2060],
  ...[0x3000, 0xfeff],
];

function around(code: number): readonly Redirect[] {
  const at = String.fromCharCode(code);
  const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return [
    { input: `${at}//evil.example`, why: `${name} in front of another host` },
    { input: `/${at}/evil.example`, why: `${name} between two slashes` },
    { input: `java${at}script:alert(2)`, why: `${name} inside a script` },
  ];
}

/** Targets with a scheme that is not ours, a control character, or a letter from elsewhere. */
export const REDIRECT_SCHEMES: readonly Redirect[] = [
  ...listOf(SCHEMES),
  ...Object.entries(UNICODE).flatMap(([why, inputs]) => inputs.map((input) => ({ input, why }))),
  ...INVISIBLE.flatMap(around),
];
