import { describe, expect, it } from "vitest";
import { AuthError } from "../platform/errors.ts";
import { type CookiePlace, isCookieName, serializeCookie } from "./cookie.ts";

const place: CookiePlace = {
  name: "__Host-Http-latchkey.access",
  path: "/",
  domain: null,
  secure: true,
  sameSite: "lax",
};

describe("serializeCookie", () => {
  it.each<readonly [string, Partial<CookiePlace>, string]>([
    [
      "the defaults",
      {},
      "__Host-Http-latchkey.access=v; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax",
    ],
    [
      "localhost",
      { name: "latchkey.access.3000", secure: false },
      "latchkey.access.3000=v; Max-Age=600; Path=/; HttpOnly; SameSite=Lax",
    ],
    [
      "a domain",
      { name: "__Secure-x", domain: "example.com" },
      "__Secure-x=v; Max-Age=600; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=Lax",
    ],
    [
      "a path",
      { name: "__Secure-x", path: "/auth" },
      "__Secure-x=v; Max-Age=600; Path=/auth; Secure; HttpOnly; SameSite=Lax",
    ],
    [
      "strict",
      { sameSite: "strict" },
      "__Host-Http-latchkey.access=v; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Strict",
    ],
    [
      "none",
      { sameSite: "none" },
      "__Host-Http-latchkey.access=v; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=None",
    ],
    [
      "partitioned",
      { sameSite: "none", partitioned: true },
      "__Host-Http-latchkey.access=v; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
    ],
  ])("writes %s to the byte (CKS-01)", (_, changes, line) => {
    expect(serializeCookie({ ...place, ...changes }, "v", 600)).toBe(line);
    expect(serializeCookie({ ...place, ...changes }, "", 0)).toBe(
      line.replace("=v; Max-Age=600", "=; Max-Age=0"),
    );
  });

  it.each([
    [600.9, 600],
    [0, 0],
    [-1, 0],
    [34_560_000, 34_560_000],
    [34_560_001, 34_560_000],
    [Number.POSITIVE_INFINITY, 34_560_000],
  ])("writes a lifetime of %d seconds as %d (CKS-08)", (life, written) => {
    expect(serializeCookie(place, "v", life)).toContain(`; Max-Age=${written};`);
  });

  it.each(["a b", "a;b", "a,b", 'a"b', "a\\b", "a\r\nb", "a\0b", "ä", "\u2028", "a\tb", "\x7f"])(
    "throws for the value %j (CKS-05)",
    (value) => {
      expect(codeOf(() => serializeCookie(place, value, 1))).toBe("internal_error");
    },
  );

  it.each([";", "\r", "\n", "\0", "ä", "\u2028", "\x7f"])(
    "throws for %j in a name, a path or a domain (CKS-04, CKS-05)",
    (bad) => {
      for (const member of ["name", "path", "domain"] as const) {
        expect(codeOf(() => serializeCookie({ ...place, [member]: `/x${bad}` }, "v", 1))).toBe(
          "internal_error",
        );
      }
    },
  );

  it("throws above 4096 bytes, and the error says how to make the cookie smaller (CKS-07)", () => {
    const room = 4_096 - place.name.length;
    expect(serializeCookie(place, "v".repeat(room), 1)).toContain("v;");
    expect(() => serializeCookie(place, "v".repeat(room + 1), 1)).toThrow(
      /4096 bytes.*sessions\.context.*accessToken\.claims/,
    );
  });
});

describe("isCookieName", () => {
  it.each(["a", "__Host-a", "a.b-c_d", "!#$%&'*+^`|~"])("accepts %j", (name) =>
    expect(isCookieName(name)).toBe(true),
  );
  it.each(["", " ", "a b", "a=b", "a;b", "a,b", '"a"', "a/b", "(a)", "ä", "a\0", "a\n"])(
    "refuses %j",
    (name) => expect(isCookieName(name)).toBe(false),
  );
});

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return error instanceof AuthError ? error.code : "no code";
  }
  return "nothing was thrown";
}
