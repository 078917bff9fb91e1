import { describe, expect, it } from "vitest";
import { type CookiePlace, deleteCookie, jarAfter, setCookie, writeChanges } from "./cookie.ts";

const place: CookiePlace = { name: "sid", path: "/", domain: null, secure: true, sameSite: "lax" };
const former: CookiePlace = { ...place, domain: "example.com" };

function lines(...changes: Parameters<typeof writeChanges>[1]): readonly string[] {
  const headers = new Headers({ "set-cookie": "theirs=1" });
  writeChanges(headers, changes);
  return headers.getSetCookie();
}

describe("the Set-Cookie lines and the jar", () => {
  it("adds one line for each cookie, and keeps the lines that are there (CKS-12)", () => {
    expect(lines(setCookie(place, "a", 60), setCookie({ ...place, name: "rid" }, "b", 60))).toEqual([
      "theirs=1",
      "sid=a; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax",
      "rid=b; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax",
    ]);
  });

  it("writes the last of several changes of one cookie (CKS-10)", () => {
    expect(lines(deleteCookie(place), setCookie(place, "a", 60), deleteCookie(place))).toEqual([
      "theirs=1",
      "sid=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax",
    ]);
  });

  it("treats cookies of one name with another domain or path as different cookies", () => {
    expect(
      lines(setCookie(place, "a", 60), deleteCookie(former), deleteCookie({ ...place, path: "/auth" })),
    ).toHaveLength(4);
  });

  it("predicts what the browser sends: of two cookies with one name, the first, with its changes", () => {
    const sent = [
      { name: "sid", value: "1" },
      { name: "sid", value: "2" },
      { name: "a", value: "b" },
    ];
    expect([...jarAfter(sent, [])]).toEqual([
      ["sid", "1"],
      ["a", "b"],
    ]);
    expect([...jarAfter(sent, [setCookie(place, "3", 60)])]).toEqual([
      ["sid", "3"],
      ["a", "b"],
    ]);
    expect([...jarAfter(sent, [deleteCookie(place)])]).toEqual([["a", "b"]]);
  });

  it("keeps a cookie that is set while its name is deleted on an earlier domain, in any order", () => {
    const set = setCookie(place, "3", 60);
    const gone = deleteCookie(former);
    expect([...jarAfter([{ name: "sid", value: "1" }], [set, gone])]).toEqual([["sid", "3"]]);
    expect([...jarAfter([{ name: "sid", value: "1" }], [gone, set])]).toEqual([["sid", "3"]]);
  });
});
