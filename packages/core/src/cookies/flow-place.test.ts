import { describe, expect, it } from "vitest";
import type { SameSite } from "./cookie.ts";
import { browserPlace, flowPlace, flowPrefix, type Site, siteAt } from "./site.ts";

function site(text: string, sameSite: SameSite = "lax", partitioned = false): Site {
  const names = { access: "access", refresh: "refresh" };
  const cookies = { names, domain: null, sameSite, partitioned, refreshPath: "/", previous: [] } as const;
  return siteAt(new URL(text), { baseURL: null, cookies });
}

const origins: Readonly<Record<string, { readonly prefix: string; readonly secure: boolean }>> = {
  "https://app.example.com": { prefix: "__Host-Http-latchkey.oauth.", secure: true },
  "https://app.example.com:8443": { prefix: "__Host-Http-latchkey.oauth.", secure: true },
  "https://localhost:3000": { prefix: "__Host-Http-latchkey.oauth.", secure: true },
  "http://localhost:3000": { prefix: "latchkey.oauth.3000.", secure: false },
  "http://app.localhost:3000": { prefix: "latchkey.oauth.3000.", secure: false },
  "http://127.0.0.1:8080": { prefix: "latchkey.oauth.8080.", secure: false },
  "http://[::1]:8080": { prefix: "latchkey.oauth.8080.", secure: false },
  "http://localhost": { prefix: "latchkey.oauth..", secure: false },
  "http://app.example.com": { prefix: "__Host-Http-latchkey.oauth.", secure: true },
};

describe("flowPlace", () => {
  it.each(Object.entries(origins))(
    "has the expected name and attributes at %s",
    (text, { prefix, secure }) => {
      const at = site(text);
      expect(flowPrefix(at)).toBe(prefix);
      const place = { name: `${prefix}id`, path: "/", domain: null, secure };
      expect(flowPlace(at, "id", false)).toEqual({ ...place, sameSite: "lax" });
      // A browser drops SameSite=None without Secure.
      expect(flowPlace(at, "id", true)).toEqual({ ...place, sameSite: secure ? "none" : "lax" });
    },
  );

  it("separates the flows of one localhost port from those of another", () => {
    const [one, two] = [site("http://localhost:300"), site("http://localhost:3000")];
    expect(flowPlace(two, "id", false).name.startsWith(flowPrefix(one))).toBe(false);
    expect(flowPlace(one, "id", false).name.startsWith(flowPrefix(two))).toBe(false);
  });

  it("contains neither the word access nor the word refresh in its prefix", () => {
    for (const text of Object.keys(origins)) {
      expect(flowPrefix(site(text))).not.toMatch(/access|refresh/);
    }
  });
});

describe("browserPlace", () => {
  it.each([
    ["https://app.example.com", "__Host-Http-latchkey.device", true],
    ["https://app.example.com:8443", "__Host-Http-latchkey.device", true],
    ["http://localhost:3000", "latchkey.device.3000", false],
    ["http://localhost", "latchkey.device", false],
  ])("has the expected name and attributes at %s", (text, name, secure) => {
    expect(browserPlace("device", site(text))).toEqual({
      name,
      path: "/",
      domain: null,
      secure,
      sameSite: "lax",
    });
  });

  it.each<[text: string, configured: SameSite, sameSite: SameSite]>([
    ["https://app.example.com", "none", "none"],
    ["https://app.example.com", "strict", "lax"],
    ["http://localhost:3000", "none", "lax"],
  ])("at %s with SameSite=%s of the session cookies has SameSite=%s", (text, configured, sameSite) => {
    expect(browserPlace("device", site(text, configured)).sameSite).toBe(sameSite);
  });

  it("is in the jar of the embedding page with the session cookies, and a flow cookie is not", () => {
    const at = site("https://app.example.com", "none", true);
    expect(browserPlace("device", at)).toMatchObject({ sameSite: "none", partitioned: true });
    expect(browserPlace("sign-up", at).partitioned).toBe(true);
    expect(flowPlace(at, "id", true).partitioned).toBeUndefined();
    expect(browserPlace("device", site("http://localhost", "none", true)).partitioned).toBeUndefined();
  });
});
