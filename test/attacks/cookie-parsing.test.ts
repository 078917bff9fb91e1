import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { requestTo } from "../fixtures/requests.ts";
import { ACCESS, REFRESH, type TestServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { openAttackedServer } from "./server.ts";
import { type Holder, signUp } from "./session.ts";
import { codeOf } from "./verdicts.ts";

async function open(): Promise<{
  readonly server: TestServer;
  readonly ann: Holder;
  readonly judge: (cookie: string) => Promise<string>;
}> {
  const server = openAttackedServer();
  const ann = await signUp(server, "cookie");
  const judge = async (cookie: string): Promise<string> =>
    codeOf(await server.auth.validate(requestTo("/", { headers: { cookie } })));
  return { server, ann, judge };
}

const { ann, judge } = await open();
const ours = `${ACCESS}=${ann.access}`;

describe("cookies that are not session cookies", () => {
  it.each([
    ["CKP-02 the plain name", "latchkey.access"],
    ["CKP-02 the plain name of a port", "latchkey.access.443"],
    ["CKP-02 a lesser prefix", "__Secure-latchkey.access"],
    ["CKP-02 another prefix", "__Host-latchkey.access"],
    ["CKP-02 CKP-16 the name on localhost", "latchkey.access.3000"],
    ["CKP-03 lower case", "__host-http-latchkey.access"],
    ["CKP-03 upper case", "__HOST-HTTP-LATCHKEY.ACCESS"],
    ["CKP-03 a capital", "__Host-Http-latchkey.Access"],
    ["CKP-08 percent encoding", "__Host-Http-latchkey%2Eaccess"],
    ["CKP-07 quotes", '"__Host-Http-latchkey.access"'],
    ["CKP-04 a no-break space before", "\u00a0__Host-Http-latchkey.access"],
    ["CKP-04 a no-break space after", "__Host-Http-latchkey.access\u00a0"],
    ["CKP-04 a form feed", "\f__Host-Http-latchkey.access"],
    ["CKP-04 a vertical tab", "__Host-Http-latchkey.access\v"],
    ["CKP-04 latin-1 next line", "\u0085__Host-Http-latchkey.access"],
  ])("do not count by their name: %s", async (_, name) => {
    expect(await judge(`${name}=${ann.access}`)).toBe("unauthenticated");
    expect(await judge(ours)).toBe("ok");
  });

  it.each([
    ["CKP-07 quotes", `"${ann.access}"`],
    ["CKP-08 percent encoding", ann.access.replaceAll(".", "%2E")],
    ["CKP-08 a broken escape", "%ZZ"],
    ["CKP-08 a bare percent sign", "%"],
    ["CKP-09 another alphabet", `${ann.access}+`],
    ["CKP-09 an equals sign", `${ann.access}=`],
    ["CKP-09 nothing", ""],
    ["CKP-09 far too much", "x".repeat(20_000)],
    ["CKP-04 a no-break space", `${ann.access}\u00a0`],
    ["CKP-12 a second header, joined by a runtime with a comma", `${ann.access}, a=b`],
  ])("do not count by their value: %s", async (_, value) => {
    expect(await judge(`${ACCESS}=${value}`)).toBe("unauthenticated");
  });
});

describe("other cookies beside the session cookie", () => {
  it.each([
    ["CKP-05 no blank", `a=b;${ours};c=d`],
    ["CKP-05 blanks around the equals sign", `a = b; ${ACCESS} = ${ann.access} ; c = d`],
    ["CKP-05 tabs", `a=b;\t${ACCESS}\t=\t${ann.access}\t;c=d`],
    ["CKP-05 empty pieces", `;;; ;${ours};;`],
    ["CKP-05 a piece without a value", `sid; ${ours}; flag`],
    ["CKP-05 a piece without a name", `=x; ${ours}; =`],
    ["CKP-06 quotes", `a="b; ${ours}; c=d"`],
    ["CKP-06 JSON", `a={"b":"c"}; ${ours}`],
    ["CKP-06 8-bit bytes", `\u00e9=\u00ff; ${ours}`],
    ["CKP-06 control characters", `a=\u0001\u001f\u007f; ${ours}`],
    ["CKP-13 commas", `a=b, c=d, e; ${ours}; f=g,h`],
    ["CKP-11 names of a prototype", `__proto__=x; constructor=y; hasOwnProperty=z; toString=w; ${ours}`],
    ["CKP-02 the plain name", `latchkey.access=evil; ${ours}`],
  ])("do not hide it: %s", async (_, cookie) => {
    expect(await judge(cookie)).toBe("ok");
  });

  it("CKP-10 cost linear time for ten thousand of them, and a megabyte is not read", async () => {
    const many = "a=b;".repeat(10_000);
    const begin = performance.now();
    expect(await judge(many + ours)).toBe("ok");
    expect(await judge(`${"a=b;".repeat(300_000)}${ours}`)).toBe("unauthenticated");
    expect(await judge(`${" ".repeat(1_000_000)}${ours}`)).toBe("ok");
    expect(await judge(";".repeat(1_000_000))).toBe("unauthenticated");
    expect(await judge("=".repeat(1_000_000))).toBe("unauthenticated");
    expect(performance.now() - begin).toBeLessThan(2_000);
  });

  it("CKP-11 are unchanged after a refresh, and touch no prototype", async () => {
    const { server, ann: bob } = await open();
    const cookie = `__proto__=x; constructor=y; a=1; a=2; ${REFRESH}=${bob.refresh}`;
    const found = await server.auth.validate(requestTo("/", { headers: { cookie } }));
    if (!found.ok) throw new Error(found.code);
    expect([...found.cookies.keys()]).toEqual(["__proto__", "constructor", "a", REFRESH, ACCESS]);
    expect({ proto: found.cookies.get("__proto__"), a: found.cookies.get("a") }).toEqual({
      proto: "x",
      a: "1",
    });
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it("CKP-12 are read from two Cookie fields as from one", async () => {
    const { server, ann: bob } = await open();
    const headers = new Headers([
      ["cookie", "a=b"],
      ["cookie", `${ACCESS}=${bob.access}`],
    ]);
    expect(codeOf(await server.auth.validate(new Request("https://app.example.com/", { headers })))).toBe(
      "ok",
    );
  });
});

describe("CKP-16 the cookies of two sites", () => {
  it("are separate: a server on localhost accepts no cookie of https, and none of another port", async () => {
    const server = openAttackedServer();
    const https = await signUp(server, "cookie");
    const { auth } = openAttackedServer({
      store: server.store,
      baseURL: "http://localhost:3000",
      accessToken: { issuer: "https://app.example.com" },
    });
    const ask = async (cookie: string): Promise<string> =>
      codeOf(await auth.validate(new Request("http://localhost:3000/", { headers: { cookie } })));
    expect(await ask(`latchkey.access.3000=${https.access}`)).toBe("ok");
    expect(await ask(`${ACCESS}=${https.access}`)).toBe("unauthenticated");
    expect(await ask(`latchkey.access=${https.access}`)).toBe("unauthenticated");
    expect(await ask(`latchkey.access.3001=${https.access}`)).toBe("unauthenticated");
  });

  it("CKP-09 a value that cannot be a token costs no call to the store", async () => {
    const counting = counted(newStore());
    const server = openAttackedServer({ store: counting.store });
    await signUp(server, "cookie");
    const before = counting.calls.length;
    for (const value of ["", "x", "%", '"', "a.b.c", "x".repeat(5_000), "lkr_", "..", "eyJ.eyJ.e30"]) {
      const cookie = `${ACCESS}=${value}; ${REFRESH}=${value}`;
      await server.auth.validate(requestTo("/", { headers: { cookie } }));
      await server.send("/auth/refresh", { method: "POST", headers: { cookie } });
    }
    expect(counting.calls.slice(before)).toEqual([]);
  });
});
