import { describe, expect, it } from "vitest";
import type { CookiePlace } from "./serialize.ts";
import { siblingPlaces } from "./sibling.ts";

const place: CookiePlace = { name: "sid", path: "/", domain: null, secure: true, sameSite: "lax" };

function listed(
  url: string,
  own: readonly CookiePlace[] = [place],
  of: CookiePlace = place,
): readonly string[] {
  return siblingPlaces(of, new URL(url), own).map(({ domain, path }) => `${domain} ${path}`);
}

describe("siblingPlaces", () => {
  it("lists every parent domain at every prefix of the path", () => {
    expect(listed("https://app.example.com/auth/refresh?x=/y")).toEqual([
      "app.example.com /",
      "app.example.com /auth",
      "app.example.com /auth/",
      "app.example.com /auth/refresh",
      "example.com /",
      "example.com /auth",
      "example.com /auth/",
      "example.com /auth/refresh",
    ]);
    expect(listed("https://example.com/")).toEqual(["example.com /"]);
    expect(listed("https://example.com/a/")).toEqual(["example.com /", "example.com /a", "example.com /a/"]);
  });

  it("leaves out what is ours", () => {
    const own: CookiePlace = { ...place, domain: "example.com", path: "/auth" };
    expect(listed("https://app.example.com/auth", [own], own)).toEqual([
      "app.example.com /",
      "app.example.com /auth",
      "example.com /",
    ]);
  });

  it("is empty where no other host can set the cookie", () => {
    expect(listed("https://app.example.com/", [], { ...place, name: "__Host-Http-sid" })).toEqual([]);
    expect(listed("http://app.localhost/", [], { ...place, secure: false })).toEqual([]);
    for (const host of ["localhost", "192.0.2.1", "[2001:db8::1]"])
      expect(listed(`https://${host}/`)).toEqual([]);
  });

  it("has an end, whatever the path", () => {
    expect(listed(`https://a.b.c.d.e.example.com/${"x/".repeat(2_000)}`)).toHaveLength(32);
  });
});
