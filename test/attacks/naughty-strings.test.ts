import { describe, expect, it } from "vitest";
import type { Call } from "../fixtures/requests.ts";
import type { TestServer } from "../fixtures/server.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { type Answer, read } from "./session.ts";

const CREDENTIALS = { email: "ann@example.com", password: PASSWORD };

type Verdict = Pick<Answer, "status" | "code">;

async function post(server: TestServer, path: string, call: Call): Promise<Verdict> {
  const { status, code } = await read(await server.send(path, { method: "POST", ...call }));
  return { status, code };
}

describe("BOD-13 naughty strings", () => {
  const naughty = [
    "",
    " ",
    "\t",
    "undefined",
    "null",
    "NaN",
    "-1",
    "1e1000",
    "0x0",
    "true",
    "\\",
    "'",
    '"',
    "`",
    "'; DROP TABLE users;--",
    "' OR 1=1 --",
    "1;SELECT pg_sleep(5)",
    "$\u007b7*7}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "../../../etc/passwd",
    "%00",
    "\u0000",
    "\u0000x",
    "\r\n",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "\u200b",
    "İ",
    "ı",
    "ß",
    "ﬃ",
    "Å",
    "e\u0301",
    "👩‍👩‍👧",
    "🇦🇶",
    "ﷺ",
    "مرحبا",
    "ᚠᛇ",
    "Z͑ͫ̓ͪ̂ͫ̽",
    "\u{10ffff}",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "$where",
    "$ne",
    "[object Object]",
    "a".repeat(5_000),
    "(".repeat(3_000),
    "%s%s%n",
    "\x1b[31m",
    "$\u007bjndi:ldap://x}",
    "||whoami",
    "=1+1",
    "😀@example.com",
    "a@b@c",
    '"a b"@example.com',
    "a@[127.0.0.1]",
    "a@localhost",
    "ann＠example.com",
    "ann﹫example.com",
    "a,b@example.com",
    "a@example.com\r\nbcc: x@y.z",
    "a@xn--",
    "a@-.com",
    "a@münchen.example",
    `${"a".repeat(400)}@example.com`,
  ];

  it("get a known code in every field, never a fault, and accepted ones are returned unchanged", async () => {
    const server = openAttackedServer();
    for (const text of naughty) {
      const bodies: readonly (readonly [string, object])[] = [
        ["/auth/signup", { email: text, password: PASSWORD }],
        ["/auth/signup", { email: `u${naughty.indexOf(text)}@example.com`, password: text }],
        ["/auth/login", { email: text, password: text }],
        ["/auth/login", { ...CREDENTIALS, transport: text }],
        ["/auth/refresh", { refresh_token: text }],
        ["/auth/logout", { scope: text }],
      ];
      for (const [path, body] of bodies) {
        const { status, code } = await post(server, path, { body });
        expect([200, 201, 400, 401, 409, 422], JSON.stringify({ text, path, code })).toContain(status);
        if (status !== 201 || !("password" in body)) continue;
        expect(await post(server, "/auth/login", { body })).toEqual({ status: 200, code: null });
      }
    }
    expect(server.events.filter(({ type }) => type === "internal_error" || type === "store.failed")).toEqual(
      [],
    );
  });
});
