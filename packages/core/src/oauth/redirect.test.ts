import { describe, expect, it } from "vitest";
import {
  GOOD_TARGETS,
  LOOPS,
  OWN_ORIGIN,
  REDIRECTS,
  RELATIVES,
  TRUSTED_ORIGIN,
} from "../../../../test/vectors/redirects.ts";
import { decideRedirect, type RedirectPolicy, safeRedirect } from "./redirect.ts";

const policy: RedirectPolicy = {
  ownOrigin: OWN_ORIGIN,
  basePath: "/auth",
  trustedOrigins: new Set([TRUSTED_ORIGIN, "net.trusted.app://", "org.example.other://done"]),
  native: false,
};
const native: RedirectPolicy = { ...policy, native: true };

describe("decideRedirect", () => {
  it.each([policy, native])("RED-01 stays on the own origin for every target of the corpus", (which) => {
    for (const { input, why } of REDIRECTS) {
      const url = decideRedirect(input, which);
      if (url === null) continue;
      expect(url.origin, `${JSON.stringify(input)}: ${why}`).toBe(OWN_ORIGIN);
      expect(url.href).toMatch(/^https:\/\/app\.example\.com\/(?![/\\])[\x21-\x7e]*$/);
    }
  });

  it.each([policy, native])("RED-04 refuses our own routes as targets", (which) => {
    for (const { input, why } of LOOPS) expect(decideRedirect(input, which), `${input}: ${why}`).toBeNull();
  });

  it("RED-05 accepts our own and trusted targets, and returns them as parsed", () => {
    for (const { input } of GOOD_TARGETS) {
      const expected = new URL(input, OWN_ORIGIN).href;
      expect({ input, target: decideRedirect(input, policy)?.href }).toEqual({ input, target: expected });
    }
  });

  it("RED-05 compares origins exactly", () => {
    for (const input of [
      "http://spa.example.com/",
      "https://spa.example.com:8443/",
      "https://spa.example.com./",
      "https://sub.spa.example.com/",
      "https://xn--sa-7ka.example.com/",
    ]) {
      expect({ input, target: decideRedirect(input, policy) }).toEqual({ input, target: null });
    }
  });

  it("RED-05 gives the answer to an app to listed targets only, and to no page of ours", () => {
    const targets = ["/welcome", `${OWN_ORIGIN}/welcome`, `${TRUSTED_ORIGIN}/welcome`, "net.trusted.app://x"];
    const accepted = targets.map((target) => decideRedirect(target, native) !== null);
    expect(accepted).toEqual([false, false, true, true]);
    expect(targets.map((target) => decideRedirect(target, policy) !== null)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it("RED-09 refuses a target of more than 2,000 characters, as sent and as parsed", () => {
    const long = (length: number): string => "/".padEnd(length, "x");
    expect(decideRedirect(long(2_000), policy)).not.toBeNull();
    expect(decideRedirect(OWN_ORIGIN + long(2_000), policy)).not.toBeNull();
    expect(decideRedirect(long(2_001), policy)).toBeNull();
    expect(decideRedirect(`/${"a/../".repeat(500)}x`, policy)).toBeNull();
    expect(decideRedirect(`/?${"\u00e4".repeat(500)}`, policy)).toBeNull();
  });

  it.each(["/files/a%2Fb", "/files/a%2fb/c?x=y", "/x%2F%2Fy", "/x%2F", "/100%", "/x/..%2fy%2"])(
    "lets a person come back to %s, whose segment has an escaped slash or a percent sign",
    (input) => {
      const isDots = input.includes("..");
      expect(decideRedirect(input, policy)?.href).toBe(isDots ? undefined : OWN_ORIGIN + input);
      expect(safeRedirect(input)).toBe(isDots ? null : input);
    },
  );

  it.each([
    "/%2F/evil.example",
    "/%2Fevil.example",
    "/%2F%2Fevil.example",
    "/%2f%5Cevil.example",
    "/%5Cevil.example",
    "/%5C%2Fevil.example",
    "/x%5Cy",
    "/.%2F/evil.example",
    "/..%2F/evil.example",
    "/%2e%2e%2f%2fevil.example",
    "/x/..%2F..%2F/evil.example",
    "/x%2F..%2F..%2Fevil.example",
    "/x%2F..",
    "/x%2F.%2Fy",
    "/x%2F%2e%2e%2Fy",
    "/auth%2Flogout",
    "/%61uth%2Foauth/google",
    "/auth/%6cogout",
  ])("refuses %s, which a server that decodes once more reads as another host or route", (input) => {
    for (const target of [input, OWN_ORIGIN + input, TRUSTED_ORIGIN + input]) {
      const isOurRoute = target.startsWith(TRUSTED_ORIGIN) && /ogout|google/.test(input);
      expect({ target, href: decideRedirect(target, policy)?.href }).toEqual({
        target,
        href: isOurRoute ? target : undefined,
      });
    }
    expect(safeRedirect(input)).toBeNull();
    expect(safeRedirect(input, { baseURL: OWN_ORIGIN })).toBeNull();
  });

  it("RED-08 refuses targets that are relative to a path", () => {
    for (const input of RELATIVES) {
      expect({ input, target: decideRedirect(input, native) }).toEqual({ input, target: null });
    }
  });

  it("RED-06 refuses long targets, before and after percent-encoding", () => {
    const at = (letters: number, letter = "x"): URL | null =>
      decideRedirect(`/${letter.repeat(letters)}`, policy);
    expect(at(1_999)).not.toBeNull();
    expect(at(2_000)).toBeNull();
    expect(at(10_240)).toBeNull();
    // Nine bytes for each of them in a URL.
    expect(at(200, "\u65E5")).not.toBeNull();
    expect(at(230, "\u65E5")).toBeNull();
    expect(decideRedirect(`net.trusted.app://${"\u65E5".repeat(230)}`, native)).toBeNull();
  });

  it("RED-06 refuses lone surrogates, line separators, control characters and an empty text", () => {
    for (const input of ["", "/\uD800", "/\uDC00x", "/\u2028", "/\u0000", "/\u202Ex", "/\uFEFF", "/a b"]) {
      expect({ input, target: decideRedirect(input, native) }).toEqual({ input, target: null });
    }
  });

  it("RED-09 keeps the fragment of a target", () => {
    expect(decideRedirect("/x#y", policy)?.hash).toBe("#y");
  });

  it("refuses the routes under the configured base path", () => {
    const elsewhere = { ...policy, basePath: "/api/login" };
    for (const input of ["/api/login", "/api/login/", "/api/login/logout", "/api/x/../login/logout"]) {
      expect({ input, target: decideRedirect(input, elsewhere) }).toEqual({ input, target: null });
    }
    for (const input of ["/api/loginx", "/api", "/auth/logout", "/x/api/login/logout"]) {
      expect(decideRedirect(input, elsewhere)?.pathname).toBe(input);
    }
  });
});

describe("decideRedirect of a native app", () => {
  const good: Readonly<Record<string, string>> = {
    "net.trusted.app://callback": "net.trusted.app://callback",
    "net.trusted.app://callback/x?y=z": "net.trusted.app://callback/x?y=z",
    "net.trusted.app:/callback": "net.trusted.app:/callback",
    "net.trusted.app://": "net.trusted.app://",
    "NET.TRUSTED.APP://callback": "net.trusted.app://callback",
    "org.example.other://done": "org.example.other://done",
    "org.example.other://done/x": "org.example.other://done/x",
    "https://spa.example.com/open": "https://spa.example.com/open",
  };
  it.each(Object.entries(good))("accepts %s", (input, href) => {
    expect(decideRedirect(input, native)?.href).toBe(href);
    if (!input.startsWith("https")) expect(decideRedirect(input, policy)).toBeNull();
  });

  it.each([
    "net.trusted.appx://callback",
    "com.example.ap://callback",
    "com.example://callback",
    "org.example.other://don",
    "org.example.other://done.evil",
    "org.example.other://done:80",
    "org.example.other://x@done",
    "org.example.other:/done",
    "org.example.other:done",
    "net.trusted.app://user:pw@callback",
    "javascript:alert(1)",
    "javascript://net.trusted.app://%0aalert(1)",
    "data:text/html,x",
    "intent://callback#Intent;scheme=net.trusted.app;end",
    "file:///etc/passwd",
    "blob:https://app.example.com/x",
    "view-source:https://app.example.com/",
    "net.trusted.app",
    "://callback",
    "1net.trusted.app://x",
  ])("refuses %s", (input) => expect(decideRedirect(input, native)).toBeNull());

  it("refuses schemes of a browser even if they are listed as trusted", () => {
    const trustedOrigins = new Set(["http://", "https://", "https:"]);
    for (const input of ["https:evil.example", "http:/evil.example", "https://evil.example/"]) {
      expect(decideRedirect(input, { ...native, trustedOrigins })).toBeNull();
    }
  });
});

describe("safeRedirect", () => {
  const options = { baseURL: OWN_ORIGIN, trustedOrigins: [TRUSTED_ORIGIN] };
  const DOUBLED = [
    "/.//evil.example",
    "/x/..//h",
    "/%2e//h",
    "/%2E/%2e//h",
    "/..\\/h",
    "/x/%2e%2e//h",
    "/.\\/h",
  ];

  it.each([
    ["with an origin", options],
    ["without one", {}],
  ])("RED-01 stays on the own origin for every target of the corpus, %s", (_, how) => {
    for (const input of [...REDIRECTS.map((redirect) => redirect.input), ...DOUBLED]) {
      const to = safeRedirect(input, how);
      if (to === null) continue;
      expect(to, input).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
      // The URL of the browser, and that of a server that resolves it once more.
      expect(new URL(to, OWN_ORIGIN).origin).toBe(OWN_ORIGIN);
      expect(safeRedirect(to, how)).toBe(to);
    }
  });

  it.each(DOUBLED)("refuses %s, whose resolved path names another host", (input) => {
    expect(safeRedirect(input)).toBeNull();
    expect(safeRedirect(input, options)).toBeNull();
    expect(safeRedirect(OWN_ORIGIN + input, options)).toBeNull();
  });

  it("RED-04 refuses our own routes as targets", () => {
    for (const { input } of LOOPS) {
      expect({ input, target: safeRedirect(input, options) }).toEqual({ input, target: null });
    }
    expect(safeRedirect("/api/login/logout", { basePath: "/api/login" })).toBeNull();
    expect(safeRedirect("/auth/logout", { basePath: "/api/login" })).toBe("/auth/logout");
  });

  it("RED-05 returns a path for a page of ours, and a URL for a page of a trusted origin", () => {
    for (const { input } of GOOD_TARGETS) {
      const { origin, pathname, search, hash, href } = new URL(input, OWN_ORIGIN);
      const expected = origin === OWN_ORIGIN ? pathname + search + hash : href;
      expect({ input, target: safeRedirect(input, options) }).toEqual({ input, target: expected });
      const isPath = input.startsWith("/");
      expect({ input, target: safeRedirect(input) }).toEqual({ input, target: isPath ? expected : null });
    }
  });

  it("RED-06 RED-08 refuses a target that is no text, empty, long or relative", () => {
    const broken = [
      undefined,
      null,
      7,
      true,
      ["/x"],
      { href: "/x" },
      new URL("/x", OWN_ORIGIN),
      new String("/x"),
    ];
    for (const input of [...broken, ...RELATIVES, "", "/\uD800", "/\u2028", `/${"x".repeat(10_240)}`]) {
      expect({ input, target: safeRedirect(input, options) }).toEqual({ input, target: null });
    }
  });

  it("refuses custom schemes and origins that are not listed", () => {
    const trustedOrigins = ["net.trusted.app://", "null", "http://"];
    for (const input of [
      "net.trusted.app://x",
      "javascript:alert(1)",
      "data:text/html,x",
      "https://evil.example/",
    ]) {
      expect({ input, target: safeRedirect(input, { ...options, trustedOrigins }) }).toEqual({
        input,
        target: null,
      });
    }
  });

  it.each(["app.example.com", "", "javascript:x"])("throws for the baseURL %j", (baseURL) => {
    expect(() => safeRedirect("/x", { baseURL })).toThrow(/^safeRedirect: baseURL is /);
  });

  it.each([
    ["baseUrl", "did you mean baseURL?"],
    ["trustedOrigin", "did you mean trustedOrigins?"],
    ["native", "remove it, or write one of baseURL, basePath, trustedOrigins"],
  ])("throws for the option %s, for every target", (name, instead) => {
    for (const target of ["/x", null]) {
      const redirect = (): unknown => safeRedirect(target, { [name]: [] });
      expect(redirect).toThrow(new TypeError(`${name} is not an option of safeRedirect: ${instead}`));
    }
  });

  it("SEC-08 ignores options that are inherited from a prototype", () => {
    const polluted = Object.create({
      trustedOrigins: ["https://evil.example"],
      baseURL: "https://evil.example",
    });
    expect(safeRedirect("https://evil.example/", polluted)).toBeNull();
    expect(safeRedirect("https://evil.example/", { ...options, ...polluted })).toBeNull();
  });
});
