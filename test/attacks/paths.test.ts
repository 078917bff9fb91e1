import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { describe, expect, it } from "vitest";
import { ACCESS, ORIGIN, REFRESH } from "../fixtures/server.ts";
import { openAttackedServer } from "./server.ts";
import { read, signUp } from "./session.ts";

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
  ])("HTTP-08 RAT-04 %s leads to no route", async (path) => {
    const server = openAttackedServer();
    for (const method of ["POST", "GET", "DELETE"]) {
      const answer = await read(await server.send(path, { method }));
      expect({ method, status: answer.status, code: answer.code }).toEqual({
        method,
        status: 404,
        code: "not_found",
      });
    }
  });

  it("HTTP-08 a slash at the end, a query and resolved dot segments lead to the same route", async () => {
    const server = openAttackedServer();
    for (const path of [
      "/auth/login/",
      "/auth/login?x=/",
      "/auth/./login",
      "/auth/x/../login",
      "/auth/%2e/login",
    ]) {
      expect({ path, status: (await server.send(path, { method: "GET" })).status }).toEqual({
        path,
        status: 405,
      });
    }
  });

  it("HTTP-09 HTTP-10 baseURL counts, whatever host the request names", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
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
      const lines = (await server.auth.handle(request)).headers.getSetCookie();
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.every((line) => line.startsWith("__Host-Http-") && line.includes("; Secure;"))).toBe(true);
      const foreign = new Request(`${url}/auth/refresh`, {
        method: "POST",
        headers: { origin: "http://evil.example:81" },
      });
      expect((await read(await server.auth.handle(foreign))).code).toBe("csrf_rejected");
    }
  });

  it.each([
    "http://app.example.com",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://0.0.0.0",
    "http://10.0.0.1",
    "http://localhost.",
  ])("HTTP-09 without baseURL, requests to %s are refused", async (url) => {
    const bare = createAuth({ store: memory() });
    const answer = await read(await bare.handle(new Request(`${url}/auth/me`)));
    expect({ status: answer.status, code: answer.code, message: String(answer.body["message"]) }).toEqual({
      status: 400,
      code: "invalid_request",
      message: expect.stringContaining("baseURL"),
    });
    expect((await bare.validate(new Request(url))).ok).toBe(false);
  });

  it("HTTP-11 range and conditional requests get no part of a session", async () => {
    const server = openAttackedServer();
    const ann = await signUp(server, "cookie");
    const headers = {
      cookie: `${ACCESS}=${ann.access}`,
      range: "bytes=0-1",
      "if-none-match": "*",
      "if-modified-since": "Fri, 31 Dec 2100 23:59:59 GMT",
      expect: "100-continue",
    };
    for (const path of ["/auth/me", "/auth/session", "/auth/sessions"]) {
      const answer = await read(await server.send(path, { headers }));
      expect({
        status: answer.status,
        etag: answer.headers.get("etag"),
        contentRange: answer.headers.get("content-range"),
      }).toEqual({ status: 200, etag: null, contentRange: null });
    }
  });

  it("HTTP-12 errors have one form, and repeat no part of the request", async () => {
    const server = openAttackedServer();
    const probe = "<script>alert(1)</script>";
    const attempts = [
      server.send(`/auth/${encodeURI(probe)}?${encodeURIComponent(probe)}`, {
        headers: { accept: "text/html", origin: "https://x" },
      }),
      server.send("/auth/login", {
        method: "POST",
        body: { email: probe, password: probe, transport: probe },
      }),
      server.send("/auth/login", {
        method: "POST",
        body: { email: "ann@example.com", password: "long enough", transport: probe },
      }),
      server.send("/auth/logout", { method: "POST", body: { scope: probe } }),
      server.send("/auth/refresh", { method: "POST", body: { refresh_token: probe } }),
      server.send("/auth/me", { headers: { authorization: `Bearer ${probe}` } }),
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
