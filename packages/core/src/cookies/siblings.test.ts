import { describe, expect, it } from "vitest";
import type { CookiePlace } from "./cookie.ts";
import { canSiblingSet, siblingPlaces } from "./site.ts";

const own: CookiePlace = { name: "__Secure-r", path: "/auth", domain: null, secure: true, sameSite: "lax" };

function textsOf(kept: CookiePlace, host: string, path: string): readonly string[] {
  return siblingPlaces(kept, host, path).map(
    (place) => `${place.domain} ${place.path}${place.partitioned ? " partitioned" : ""}`,
  );
}

describe("canSiblingSet", () => {
  it.each(["app.example.com", "example.com", "app.localhost"])(
    "is true for a name without a prefix at %s",
    (host) => {
      expect(canSiblingSet("sid", host)).toBe(true);
      expect(canSiblingSet("__Secure-sid", host)).toBe(true);
      expect(canSiblingSet("__Host-sid", host)).toBe(false);
      expect(canSiblingSet("__Host-Http-sid", host)).toBe(false);
    },
  );

  it.each(["localhost", "127.0.0.1", "[::1]"])("is false at %s, which has no sibling hosts", (host) => {
    expect(canSiblingSet("sid", host)).toBe(false);
  });
});

describe("siblingPlaces", () => {
  it("lists every domain that covers the host and every path that covers the request, in both jars", () => {
    const domains = ["app.example.com", "example.com"];
    const paths = ["/", "/auth", "/auth/", "/auth/refresh"];
    const places = domains.flatMap((domain) => paths.map((path) => `${domain} ${path}`));
    const found = textsOf(own, "app.example.com", "/auth/refresh");
    expect(found.toSorted()).toEqual(
      [...places, ...places.map((place) => `${place} partitioned`)].toSorted(),
    );
  });

  it("omits the kept place, but not its partitioned namesake", () => {
    const kept = { ...own, domain: "example.com", path: "/" };
    expect(textsOf(kept, "app.example.com", "/")).toEqual([
      "app.example.com / partitioned",
      "app.example.com /",
      "example.com / partitioned",
    ]);
    expect(textsOf({ ...kept, secure: false }, "app.example.com", "/")).toEqual(["app.example.com /"]);
  });

  it("omits a kept place that is partitioned, but not its unpartitioned namesake", () => {
    const kept = { ...own, domain: "example.com", path: "/", partitioned: true as const };
    expect(textsOf(kept, "app.example.com", "/")).toEqual([
      "app.example.com /",
      "app.example.com / partitioned",
      "example.com /",
    ]);
  });

  it("lists no place for a host without siblings, and none for a name with __Host-", () => {
    for (const host of ["localhost", "127.0.0.1", "[::1]"]) expect(textsOf(own, host, "/a/b")).toEqual([]);
    expect(textsOf({ ...own, name: "__Host-r" }, "app.example.com", "/a")).toEqual([]);
  });

  it("lists only paths that a cookie can have", () => {
    const plain = { ...own, secure: false };
    expect(textsOf(plain, "a.b", "/x;y/z")).toEqual(["a.b /"]);
    expect(textsOf(plain, "a.b", "//x/")).toEqual(["a.b /", "a.b //", "a.b //x", "a.b //x/"]);
    expect(textsOf(plain, "a.b", "/".repeat(100_000)).length).toBeLessThan(1_100);
  });
});
