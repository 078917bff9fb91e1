import { describe, expect, it } from "vitest";
import { isLoopback } from "../platform/origin.ts";
import { type CookieOptions, cookiePlaces, lastSite, siteAt } from "./site.ts";

const options: CookieOptions = {
  names: { access: "latchkey.access", refresh: "latchkey.refresh" },
  domain: null,
  sameSite: "lax",
  partitioned: false,
  refreshPath: "/",
};

function namesAt(origin: string, changes: Partial<CookieOptions> = {}): readonly [string, string, boolean] {
  const { access, refresh } = cookiePlaces(new URL(origin), { ...options, ...changes });
  return [access.name, refresh.name, access.secure && refresh.secure];
}

describe("cookiePlaces", () => {
  it("uses a prefix and Secure for every origin except http://localhost", () => {
    const prefixed = ["__Host-Http-latchkey.access", "__Host-Http-latchkey.refresh", true];
    for (const origin of [
      "https://app.example.com",
      "https://app.example.com:8443",
      "https://localhost:3000",
      "http://app.example.com",
    ]) {
      expect(namesAt(origin)).toEqual(prefixed);
    }
    for (const host of ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]"]) {
      expect(namesAt(`http://${host}:3000`)).toEqual([
        "latchkey.access.3000",
        "latchkey.refresh.3000",
        false,
      ]);
      expect(namesAt(`http://${host}`)).toEqual(["latchkey.access", "latchkey.refresh", false]);
    }
  });

  it("uses the prefix __Secure- where a domain or a path is configured (CKS-06)", () => {
    const origin = "https://app.example.com";
    expect(namesAt(origin, { domain: "example.com" })).toEqual([
      "__Secure-latchkey.access",
      "__Secure-latchkey.refresh",
      true,
    ]);
    expect(namesAt(origin, { refreshPath: "/auth" })).toEqual([
      "__Host-Http-latchkey.access",
      "__Secure-latchkey.refresh",
      true,
    ]);
  });

  it("leaves out the attributes that a browser does not accept on localhost", () => {
    const { access } = cookiePlaces(new URL("http://localhost"), {
      ...options,
      sameSite: "none",
      domain: "localhost",
    });
    expect({ sameSite: access.sameSite, domain: access.domain }).toEqual({ sameSite: "lax", domain: null });
    const local = cookiePlaces(new URL("http://localhost"), {
      ...options,
      sameSite: "none",
      partitioned: true,
    });
    expect(local.access.partitioned).toBeUndefined();
  });
});

describe("lastSite", () => {
  it("keeps the site of the last https or http URL only, and parses each other one", () => {
    const made: string[] = [];
    const siteOf = lastSite((origin) => {
      made.push(origin.href);
      return siteAt(origin, { baseURL: null, cookies: { ...options, previous: [] } });
    });
    const hosts = [
      "https://a.example/1",
      "https://a.example/2",
      "blob:https://a.example/3",
      "https://a.example/4",
    ].map((url) => siteOf(url)?.host);
    expect(hosts).toEqual(["a.example", "a.example", "", "a.example"]);
    expect(made).toEqual(["https://a.example/1", "blob:https://a.example/3"]);
    expect([siteOf("blob:https://b.example/1")?.host, siteOf("https://b.example/1")?.host]).toEqual([
      "",
      "b.example",
    ]);
    expect(siteOf("not a URL")).toBeNull();
  });
});

describe("isLoopback", () => {
  it.each(["localhost", "LOCALHOST", "a.b.localhost", "127.0.0.1", "127.255.0.1", "[::1]"])(
    "accepts %s",
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );
  it.each([
    "",
    "localhost.",
    "localhost.evil.example",
    "notlocalhost",
    "127.0.0.1.evil.example",
    "127.1",
    "128.0.0.1",
    "0.0.0.0",
    "[::]",
    "::1",
    "10.0.0.1",
    "[::ffff:127.0.0.1]",
  ])("refuses %j", (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
