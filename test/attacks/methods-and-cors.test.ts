import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { countingStore } from "./faulty-store.ts";
import { read, signUp } from "./session.ts";
import { ACCESS, ORIGIN, openStage, REFRESH, requestTo } from "./stage.ts";

const SPA = "https://spa.example.com";
const routes: readonly (readonly [path: string, method: string, allow: string])[] = [
  ["/auth/signup", "POST", "POST, OPTIONS"],
  ["/auth/login", "POST", "POST, OPTIONS"],
  ["/auth/refresh", "POST", "POST, OPTIONS"],
  ["/auth/logout", "POST", "POST, OPTIONS"],
  ["/auth/me", "GET", "GET, HEAD, OPTIONS"],
  ["/auth/session", "GET", "GET, HEAD, OPTIONS"],
  ["/auth/sessions", "GET", "GET, HEAD, OPTIONS"],
  ["/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA", "DELETE", "DELETE, OPTIONS"],
  ["/auth/jwks", "GET", "GET, HEAD, OPTIONS"],
  ["/auth/.well-known/jwks.json", "GET", "GET, HEAD, OPTIONS"],
];
const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "QUERY",
  "PROPFIND",
  "get",
  "__proto__",
  "constructor",
  "toString",
];

describe("methods", () => {
  it.each(routes)(
    "HTTP-01 LGO-05 %s answers %s, and 405 with Allow to the rest",
    async (path, method, allow) => {
      const stage = openStage();
      for (const other of METHODS) {
        const request = requestTo(path, { method: other });
        if (allow.split(", ").includes(request.method)) continue;
        const answer = await read(await stage.auth.handle(request));
        expect([other, answer.status, answer.headers.get("allow")]).toEqual([other, 405, allow]);
        if (other !== "HEAD") expect(answer.code).toBe("method_not_allowed");
      }
      expect((await stage.send(path, { method })).status).not.toBe(405);
    },
  );

  it("HTTP-02 HEAD is GET without a body, and slides no session", async () => {
    const counting = countingStore();
    const stage = openStage({ store: counting.store });
    const ann = await signUp(stage, "cookie");
    const headers = { cookie: `${ACCESS}=${ann.access}; ${REFRESH}=${ann.refresh}` };
    for (const path of ["/auth/me", "/auth/session", "/auth/sessions", "/auth/jwks"]) {
      const get = await stage.send(path, { headers });
      const head = await stage.send(path, { method: "HEAD", headers });
      expect([head.status, await head.text(), [...head.headers]]).toEqual([get.status, "", [...get.headers]]);
    }
    stage.pass(700);
    const before = counting.calls.length;
    const late = await stage.send("/auth/me", { method: "HEAD", headers });
    expect([late.status, late.headers.getSetCookie()]).toEqual([200, []]);
    expect(counting.calls.slice(before).filter((call) => /rotate|update|create|end/.test(call))).toEqual([]);
    expect((await stage.send("/auth/me", { headers })).headers.getSetCookie().length).toBe(2);
  });

  it.each(routes)(
    "HTTP-03 CKS-14 OPTIONS of %s authenticates nobody and sets no cookie",
    async (path, _, allow) => {
      const counting = countingStore();
      const stage = openStage({ store: counting.store, trustedOrigins: [SPA] });
      const headers = { cookie: `${ACCESS}=x; ${REFRESH}=${"x".repeat(96)}`, "sec-fetch-site": "cross-site" };
      const response = await stage.send(path, { method: "OPTIONS", headers });
      expect([response.status, response.headers.get("allow"), response.headers.getSetCookie()]).toEqual([
        204,
        allow,
        [],
      ]);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(counting.calls).toEqual([]);
    },
  );
});

describe("CORS", () => {
  const preflight = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type",
  };

  it("HTTP-03 HTTP-06 answers the preflight of a listed origin, for ten minutes", async () => {
    const stage = openStage({ trustedOrigins: [SPA] });
    const { headers } = await stage.send("/auth/login", {
      method: "OPTIONS",
      headers: { origin: SPA, ...preflight },
    });
    const of = (name: string): string | null => headers.get(`access-control-${name}`);
    expect([of("allow-origin"), of("allow-credentials"), of("max-age")]).toEqual([SPA, "true", "600"]);
    expect(of("allow-methods")).toBe("GET, POST, DELETE");
    expect(of("allow-headers")?.toLowerCase()).toBe("content-type, authorization");
    expect(headers.get("vary")).toContain("Origin");
  });

  it.each([
    "null",
    "*",
    "https://evil.example",
    `${SPA}.evil`,
    "https://evil-spa.example.com",
    `${SPA}:8443`,
    "http://spa.example.com",
    "https://SPA.example.com",
    `${SPA}, https://evil.example`,
  ])("HTTP-04 HTTP-07 tells %j nothing, but varies on it", async (origin) => {
    const stage = openStage({ trustedOrigins: [SPA] });
    for (const method of ["OPTIONS", "GET", "POST"]) {
      const headers = { origin, ...preflight, "access-control-request-private-network": "true" };
      const response = await stage.send("/auth/refresh", { method, headers });
      const told = [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
      expect([told, response.headers.get("vary")]).toEqual([[], expect.stringContaining("Origin")]);
    }
  });

  it("HTTP-04 lets a listed origin read answers and errors, with credentials, never by *", async () => {
    const stage = openStage({ trustedOrigins: [SPA] });
    for (const path of ["/auth/me", "/auth/jwks", "/auth/nowhere"]) {
      const { headers } = await stage.send(path, { headers: { origin: SPA } });
      expect([path, headers.get("access-control-allow-origin")]).toEqual([path, SPA]);
      expect(headers.get("access-control-allow-credentials")).toBe("true");
    }
  });

  it("HTTP-05 HDR-06 a hundred kilobytes of request headers cost linear time", async () => {
    const stage = openStage({ trustedOrigins: [SPA] });
    const long = {
      "access-control-request-headers": " ,".repeat(50_000),
      origin: SPA,
      "access-control-request-method": "POST",
    };
    const begin = performance.now();
    const response = await stage.send("/auth/login", { method: "OPTIONS", headers: long });
    expect(response.headers.get("access-control-allow-headers")?.length).toBeLessThan(100);
    const type = { "content-type": `application/json;${" ".repeat(100_000)}x` };
    expect((await stage.send("/auth/login", { method: "POST", headers: type, body: "{}" })).status).toBe(415);
    const blanks = { authorization: `Bearer${" ".repeat(100_000)}x`, cookie: `${" ".repeat(60_000)}=` };
    expect((await stage.send("/auth/me", { headers: blanks })).status).toBe(401);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });
});

describe("paths", () => {
  it.each([
    "/auth",
    "/auth/",
    "/auth//login",
    "//auth/login",
    "/auth/login//",
    "/auth/%6cogin",
    "/auth%2flogin",
    "/auth/login%2f",
    "/auth/login;x=1",
    "/AUTH/login",
    "/auth/Login",
    "/auth/login/x",
    "/auth/login.json",
    "/auth/sessions//",
    "/auth/__proto__",
    "/auth/constructor",
    "/authx/login",
    "/x/auth/login",
    "/",
    "/auth/login%00",
    "/auth/log\u00een",
    "/auth/sessions/a/b",
    "/auth/sessions/%2e%2e",
  ])("HTTP-08 RAT-04 %s is no route", async (path) => {
    const stage = openStage();
    for (const method of ["POST", "GET", "DELETE"]) {
      const answer = await read(await stage.send(path, { method }));
      expect([method, answer.status, answer.code]).toEqual([method, 404, "not_found"]);
    }
  });

  it("HTTP-08 one slash at the end, a query, and dot segments that the URL resolves, are the same route", async () => {
    const stage = openStage();
    for (const path of [
      "/auth/login/",
      "/auth/login?x=/",
      "/auth/./login",
      "/auth/x/../login",
      "/auth/%2e/login",
    ]) {
      expect([path, (await stage.send(path, { method: "GET" })).status]).toEqual([path, 405]);
    }
  });

  it("HTTP-09 HTTP-10 goes by baseURL whatever the request says of its host", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const claims = {
      host: "evil.example",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "http",
      forwarded: "host=evil.example;proto=http",
    };
    for (const url of ["http://evil.example:81", "http://localhost", ORIGIN]) {
      const request = new Request(`${url}/auth/refresh`, {
        method: "POST",
        headers: { ...claims, cookie: `${REFRESH}=${ann.refresh}`, origin: ORIGIN },
      });
      const lines = (await stage.auth.handle(request)).headers.getSetCookie();
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.every((line) => line.startsWith("__Host-Http-") && line.includes("; Secure;"))).toBe(true);
      const foreign = new Request(`${url}/auth/refresh`, {
        method: "POST",
        headers: { origin: "http://evil.example:81" },
      });
      expect((await read(await stage.auth.handle(foreign))).code).toBe("csrf_rejected");
    }
  });

  it.each([
    "http://app.example.com",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://0.0.0.0",
    "http://10.0.0.1",
    "http://localhost.",
  ])("HTTP-09 without baseURL serves nobody under %s", async (url) => {
    const bare = createAuth({ store: memory() });
    const answer = await read(await bare.handle(new Request(`${url}/auth/me`)));
    expect([answer.status, answer.code, String(answer.body["message"])]).toEqual([
      400,
      "invalid_request",
      expect.stringContaining("baseURL"),
    ]);
    expect((await bare.validate(new Request(url))).ok).toBe(false);
  });

  it("HTTP-11 ranges and validators get no part of a session", async () => {
    const stage = openStage();
    const ann = await signUp(stage, "cookie");
    const headers = {
      cookie: `${ACCESS}=${ann.access}`,
      range: "bytes=0-1",
      "if-none-match": "*",
      "if-modified-since": "Fri, 31 Dec 2100 23:59:59 GMT",
      expect: "100-continue",
    };
    for (const path of ["/auth/me", "/auth/session", "/auth/sessions"]) {
      const answer = await read(await stage.send(path, { headers }));
      expect([answer.status, answer.headers.get("etag"), answer.headers.get("content-range")]).toEqual([
        200,
        null,
        null,
      ]);
    }
  });

  it("HTTP-12 errors have one shape, and reflect nothing", async () => {
    const stage = openStage();
    const probe = "<script>alert(1)</script>";
    const attempts = [
      stage.send(`/auth/${encodeURI(probe)}?${encodeURIComponent(probe)}`, {
        headers: { accept: "text/html", origin: "https://x" },
      }),
      stage.send("/auth/login", {
        method: "POST",
        body: { email: probe, password: probe, transport: probe },
      }),
      stage.send("/auth/login", {
        method: "POST",
        body: { email: "ann@example.com", password: "long enough", transport: probe },
      }),
      stage.send("/auth/logout", { method: "POST", body: { scope: probe } }),
      stage.send("/auth/refresh", { method: "POST", body: { refresh_token: probe } }),
      stage.send("/auth/me", { headers: { authorization: `Bearer ${probe}` } }),
    ];
    for (const response of await Promise.all(attempts)) {
      const text = await response.text();
      expect(Object.keys(JSON.parse(text)).sort()).toEqual(["error", "message"]);
      expect(text).not.toMatch(/script|alert|at file|\.ts|node_modules/);
      expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("cache-control")).toContain("no-store");
      expect([...response.headers.values()].join()).not.toContain("script");
    }
  });
});
