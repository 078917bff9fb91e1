import { describe, expect, it } from "vitest";
import { pageOf, pathMatcher } from "./url.ts";

describe("pathMatcher", () => {
  it.each([
    ["/", ["/", "//", "/index.rsc"], ["/x"]],
    ["/a", ["/a", "/a/", "/A", "//a", "/\\a", "/a%2f", "/%61"], ["/a/b", "/ab", "/b/a", "/"]],
    ["/a.b", ["/a.b"], ["/axb"]],
    ["/a/:id", ["/a/1", "/a/1/", "/a/%E2%9C%93"], ["/a", "/a/1/2"]],
    ["/a/:id/c", ["/a/1/c"], ["/a/c", "/a/1/2/c"]],
    ["/a/:id?", ["/a", "/a/1"], ["/a/1/2"]],
    ["/a/:rest+", ["/a/1", "/a/1/2", "/a/%0a"], ["/a", "/ab"]],
    ["/a/:rest*", ["/a", "/a/", "/a/1", "/a/1/2", "/a%2f1", "/a\\1"], ["/ab", "/b"]],
    ["/:rest*", ["/", "/a", "/a/b"], []],
  ] as const)("%s covers %j and not %j", (pattern, covered, others) => {
    const covers = pathMatcher([pattern]);
    for (const path of covered) expect({ path, isCovered: covers(path) }).toEqual({ path, isCovered: true });
    for (const path of others) expect({ path, isCovered: covers(path) }).toEqual({ path, isCovered: false });
  });

  it("covers each path that Next derives from a page", () => {
    const covers = pathMatcher(["/a/:rest*", "/b"]);
    const suffixes = ["", ".rsc", ".prefetch.rsc", ".segments/_tree.segment.rsc", ".segments/_full.segment"];
    for (const page of ["/a", "/a/1", "/b"]) {
      for (const suffix of suffixes) {
        for (const path of [page + suffix, `${page}${suffix}/`, `/${page}${suffix}`]) {
          expect({ path, isCovered: covers(path) }).toEqual({ path, isCovered: true });
        }
      }
      expect(covers(`/_next/data/build-1${page}.json`)).toBe(true);
      expect(covers(`/_next%2fdata/build-1${page}.json`)).toBe(true);
    }
    expect(covers("/_next/data/build-1/c.json")).toBe(false);
  });

  it("covers a path that servers read differently, if it has any pattern", () => {
    for (const path of ["/%", "/%zz", "/%E0%A4%A", "/x%2f..%2fa", "/x/%2e%2e/a", "/x/..", "/.%5ca"]) {
      expect({ path, isCovered: pathMatcher(["/a"])(path) }).toEqual({ path, isCovered: true });
      expect({ path, isCovered: pathMatcher([])(path) }).toEqual({ path, isCovered: false });
    }
  });

  it("covers a path that one of its patterns matches from end to end", () => {
    const covers = pathMatcher(["/a", "/b/:id"]);
    for (const path of ["/a", "/b/1"])
      expect({ path, isCovered: covers(path) }).toEqual({ path, isCovered: true });
    for (const path of ["/a/x", "/x/b/1", "/ab/1"])
      expect({ path, isCovered: covers(path) }).toEqual({ path, isCovered: false });
  });

  it("is fast with a path that is made to be slow", () => {
    const covers = pathMatcher(["/:all*/x", "/:a?/:b?/:c+/x"]);
    const begin = performance.now();
    for (const part of ["/a", "/.segments/", "/\n", "\\", ".rsc", "/_next/data/"])
      covers(`${part.repeat(4_000)}\n`);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  it("refuses patterns that it does not understand", () => {
    for (const pattern of [
      "",
      "a",
      "/(a|b)",
      "/a*",
      "/:a-:b",
      "/a/",
      "/a//b",
      "/a b",
      "/[a]",
      "/a?",
      "/%61",
      "/:",
      "/:a*/:b*/x",
      "/:a+/b/:c*",
    ]) {
      expect(() => pathMatcher([pattern]), pattern).toThrow(TypeError);
    }
  });
});

describe("pageOf", () => {
  it("returns no path that leads to another site (RFC 9700 4.11)", () => {
    for (const path of ["//evil.example/x", "/\\evil.example/x", "/_next/data/b//evil.example/x.json"])
      expect(pageOf(path)).toBe("/evil.example/x");
  });

  it("keeps the path of a page", () => {
    for (const path of ["/", "/a", "/a.json", "/index/a", "/rsc", "/a%20b"]) expect(pageOf(path)).toBe(path);
    expect(pageOf("/_next/data/build-1/a/b.json")).toBe("/a/b");
    expect(pageOf("/index.rsc")).toBe("/");
  });
});
