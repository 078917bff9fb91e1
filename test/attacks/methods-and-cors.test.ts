import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { requestTo } from "../fixtures/requests.ts";
import { ACCESS, REFRESH } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { openAttackedServer } from "./server.ts";
import { read, signUp } from "./session.ts";

const SPA = "https://spa.example.com";
const routes: readonly (readonly [path: string, method: string, allow: string])[] = [
  ["/auth/signup", "POST", "POST, OPTIONS"],
  ["/auth/login", "POST", "POST, OPTIONS"],
  ["/auth/reauthenticate", "POST", "POST, OPTIONS"],
  ["/auth/refresh", "POST", "POST, OPTIONS"],
  ["/auth/logout", "POST", "POST, OPTIONS"],
  ["/auth/me", "GET", "GET, HEAD, OPTIONS"],
  ["/auth/session", "GET", "GET, HEAD, OPTIONS"],
  ["/auth/sessions", "GET", "GET, HEAD, OPTIONS"],
  ["/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA", "DELETE", "DELETE, OPTIONS"],
  ["/auth/email/change", "POST", "POST, OPTIONS"],
  ["/auth/email/change/confirm", "POST", "POST, OPTIONS"],
  ["/auth/email/change/undo", "POST", "POST, OPTIONS"],
  ["/auth/link", "POST", "POST, OPTIONS"],
  ["/auth/link/confirm", "POST", "POST, OPTIONS"],
  ["/auth/code", "POST", "POST, OPTIONS"],
  ["/auth/code/confirm", "POST", "POST, OPTIONS"],
  ["/auth/oauth/google/nonce", "POST", "POST, OPTIONS"],
  ["/auth/oauth/google/token", "POST", "POST, OPTIONS"],
  ["/auth/oauth/google/backchannel-logout", "POST", "POST, OPTIONS"],
  ["/auth/account", "DELETE", "DELETE, OPTIONS"],
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
      const server = openAttackedServer();
      for (const other of METHODS) {
        const request = requestTo(path, { method: other });
        if (allow.split(", ").includes(request.method)) continue;
        const answer = await read(await server.auth.handle(request));
        expect({ other, status: answer.status, allow: answer.headers.get("allow") }).toEqual({
          other,
          status: 405,
          allow,
        });
        if (other !== "HEAD") expect(answer.code).toBe("method_not_allowed");
      }
      expect((await server.send(path, { method })).status).not.toBe(405);
    },
  );

  it("HTTP-02 HEAD equals GET without a body, and extends no session", async () => {
    const counting = counted(newStore());
    const server = openAttackedServer({ store: counting.store });
    const ann = await signUp(server, "cookie");
    const headers = { cookie: `${ACCESS}=${ann.access}; ${REFRESH}=${ann.refresh}` };
    for (const path of ["/auth/me", "/auth/session", "/auth/sessions", "/auth/jwks"]) {
      const get = await server.send(path, { headers });
      const head = await server.send(path, { method: "HEAD", headers });
      expect({ status: head.status, body: await head.text(), headers: [...head.headers] }).toEqual({
        status: get.status,
        body: "",
        headers: [...get.headers],
      });
    }
    server.clock.advance(700);
    const before = counting.calls.length;
    const late = await server.send("/auth/me", { method: "HEAD", headers });
    expect({ status: late.status, cookies: late.headers.getSetCookie() }).toEqual({
      status: 200,
      cookies: [],
    });
    expect(counting.calls.slice(before).filter((call) => /rotate|update|create|end/.test(call))).toEqual([]);
    expect((await server.send("/auth/me", { headers })).headers.getSetCookie().length).toBe(2);
  });

  it.each(routes)(
    "HTTP-03 CKS-14 OPTIONS of %s authenticates no user and sets no cookie",
    async (path, _, allow) => {
      const counting = counted(newStore());
      const server = openAttackedServer({ store: counting.store, trustedOrigins: [SPA] });
      const headers = { cookie: `${ACCESS}=x; ${REFRESH}=${"x".repeat(96)}`, "sec-fetch-site": "cross-site" };
      const response = await server.send(path, { method: "OPTIONS", headers });
      expect({
        status: response.status,
        allow: response.headers.get("allow"),
        cookies: response.headers.getSetCookie(),
      }).toEqual({ status: 204, allow, cookies: [] });
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
    const server = openAttackedServer({ trustedOrigins: [SPA] });
    const { headers } = await server.send("/auth/login", {
      method: "OPTIONS",
      headers: { origin: SPA, ...preflight },
    });
    const of = (name: string): string | null => headers.get(`access-control-${name}`);
    expect({
      origin: of("allow-origin"),
      credentials: of("allow-credentials"),
      maxAge: of("max-age"),
    }).toEqual({ origin: SPA, credentials: "true", maxAge: "600" });
    expect(of("allow-methods")).toBe("GET, POST, DELETE");
    expect(of("allow-headers")?.toLowerCase()).toBe("content-type, authorization");
    expect(headers.get("vary")).toContain("Origin");
  });

  it("lets a page with Sentry or OpenTelemetry send its tracing headers, and the headers of an option", async () => {
    const allowed = async (cors: { allowHeaders?: string[] }, asked: string): Promise<string | null> => {
      const server = openAttackedServer({ trustedOrigins: [SPA], cors });
      const headers = { origin: SPA, ...preflight, "access-control-request-headers": asked };
      const answer = await server.send("/auth/session", { method: "OPTIONS", headers });
      return answer.headers.get("access-control-allow-headers");
    };
    const tracing = "baggage, sentry-trace, traceparent, tracestate, x-request-id";
    expect(await allowed({}, `${tracing.replaceAll(" ", "")},x-evil`)).toBe(
      `content-type, authorization, ${tracing}`,
    );
    expect(await allowed({ allowHeaders: ["X-Datadog-Trace-Id"] }, "x-datadog-trace-id, x-evil")).toBe(
      "content-type, authorization, x-datadog-trace-id",
    );
    expect(() => openAttackedServer({ cors: { allowHeaders: ["*"] } })).toThrow(
      /cors.allowHeaders\[0\] is "\*", but it must not be \*/,
    );
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
  ])("HTTP-04 HTTP-07 gives no permission to %j, and still varies on the origin", async (origin) => {
    const server = openAttackedServer({ trustedOrigins: [SPA] });
    for (const method of ["OPTIONS", "GET", "POST"]) {
      const headers = { origin, ...preflight, "access-control-request-private-network": "true" };
      const response = await server.send("/auth/refresh", { method, headers });
      const told = [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));
      expect({ told, vary: response.headers.get("vary") }).toEqual({
        told: [],
        vary: expect.stringContaining("Origin"),
      });
    }
  });

  it("HTTP-04 lets a listed origin read answers and errors with credentials, never by *", async () => {
    const server = openAttackedServer({ trustedOrigins: [SPA] });
    for (const path of ["/auth/me", "/auth/jwks", "/auth/nowhere"]) {
      const { headers } = await server.send(path, { headers: { origin: SPA } });
      expect({ path, accessControlAllowOrigin: headers.get("access-control-allow-origin") }).toEqual({
        path,
        accessControlAllowOrigin: SPA,
      });
      expect(headers.get("access-control-allow-credentials")).toBe("true");
    }
  });

  it("HTTP-05 HDR-06 a hundred kilobytes of request headers cost linear time", async () => {
    const server = openAttackedServer({ trustedOrigins: [SPA] });
    const long = {
      "access-control-request-headers": " ,".repeat(50_000),
      origin: SPA,
      "access-control-request-method": "POST",
    };
    const begin = performance.now();
    const response = await server.send("/auth/login", { method: "OPTIONS", headers: long });
    expect(response.headers.get("access-control-allow-headers")?.length).toBeLessThan(100);
    const type = { "content-type": `application/json;${" ".repeat(100_000)}x` };
    expect((await server.send("/auth/login", { method: "POST", headers: type, body: "{}" })).status).toBe(
      415,
    );
    const blanks = { authorization: `Bearer${" ".repeat(100_000)}x`, cookie: `${" ".repeat(60_000)}=` };
    expect((await server.send("/auth/me", { headers: blanks })).status).toBe(401);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });
});

describe("CORS for routes of the application", () => {
  const { auth } = openAttackedServer({ trustedOrigins: [SPA] });
  const from = (origin: string, method: string, more = {}): Request =>
    requestTo("/api/notes", { method, headers: { origin, ...more } });
  const toldIn = (response: Response | null): Readonly<Record<string, string>> =>
    Object.fromEntries(
      [...(response?.headers ?? [])].filter(([name]) => /^(access-control-|vary$)/.test(name)),
    );
  const asked = {
    "access-control-request-method": "PATCH",
    "access-control-request-headers": "content-type,traceparent",
  };

  it("answers a preflight of a listed origin, and leaves every other request to the application", () => {
    expect(toldIn(auth.cors(from(SPA, "OPTIONS", asked)))).toEqual({
      "access-control-allow-origin": SPA,
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": "content-type, authorization, traceparent",
      "access-control-expose-headers": "Retry-After, X-Request-Id",
      "access-control-max-age": "600",
      vary: "Origin, Sec-Fetch-Site",
    });
    expect(auth.cors(from(SPA, "OPTIONS"))).toBeNull();
    expect(auth.cors(from(SPA, "GET"))).toBeNull();
  });

  it("lets a listed origin read a response, with what the application exposes itself", async () => {
    const headers = { "access-control-expose-headers": "X-Total", vary: "Accept" };
    const response = auth.cors(from(SPA, "GET"), Response.json({ notes: [] }, { headers }));
    expect(await response.json()).toEqual({ notes: [] });
    expect(toldIn(response)).toEqual({
      "access-control-allow-origin": SPA,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "X-Total, Retry-After, X-Request-Id",
      vary: "Accept, Origin",
    });
    expect(toldIn(auth.cors(from(SPA, "GET"), response))).toEqual(toldIn(response));
  });

  it.each(["null", "https://evil.example", `${SPA}.evil`])("gives no permission to %s", (origin) => {
    expect(toldIn(auth.cors(from(origin, "OPTIONS", asked)))).toEqual({ vary: "Origin, Sec-Fetch-Site" });
    expect(toldIn(auth.cors(from(origin, "GET"), new Response()))).toEqual({ vary: "Origin" });
  });

  it("refuses arguments of another type", () => {
    expect(() => auth.cors({} as Request)).toThrow(/cors: request is an object, but it must be a Request/);
    expect(() => auth.cors(from(SPA, "GET"), null as unknown as Response)).toThrow(/cors: response is null/);
  });
});

describe("a caller without types", () => {
  it("gets an error answer for a value that is no request, from auth.handle and from each handler", async () => {
    const { auth } = openAttackedServer();
    for (const handle of [auth.handle, auth.handlers.me, auth.handlers.login]) {
      for (const value of [undefined, {}, { url: "https://app.example.com/auth/login", method: "POST" }]) {
        const response = await handle(value as unknown as Request);
        expect([400, 404, 405, 500]).toContain(response.status);
      }
    }
  });
});
