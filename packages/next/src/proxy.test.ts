import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password } from "@latchkey/core/password";
import { NextRequest } from "next/server.js";
import { describe, expect, it } from "vitest";
import { authProxy } from "./proxy.ts";

type NextConfig = NonNullable<NonNullable<ConstructorParameters<typeof NextRequest>[1]>["nextConfig"]>;

const ORIGIN = "http://localhost:3000";

interface World {
  readonly ask: (path: string, init?: Asked) => Promise<Response>;
  readonly cookie: () => Promise<string>;
  readonly clock: { now: number };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly nextConfig?: NextConfig;
}

function world(options: Parameters<typeof authProxy>[1], store = memory()): World {
  const clock = { now: 1_700_000_000_000 };
  const auth = createAuth({ store, providers: [password()], env: { clock: () => clock.now } });
  const proxy = authProxy(auth, options);
  return {
    clock,
    ask: (path, { nextConfig, ...init } = {}) =>
      proxy(
        new NextRequest(ORIGIN + path, {
          ...init,
          headers: { host: "localhost:3000", ...init.headers },
          ...(nextConfig == null ? {} : { nextConfig }),
        }),
      ),
    async cookie() {
      const { id } = await auth.users.create({ email: "ada@example.com", password: "correct horse battery" });
      const { headers } = await auth.sessions.create(id);
      return headers
        .getSetCookie()
        .map((line) => line.split(";", 1)[0])
        .join("; ");
    },
  };
}

const isPassed = ({ headers }: Response): boolean => headers.get("x-middleware-next") === "1";

describe("authProxy", () => {
  const options = { protect: ["/:all*"], signIn: "/login" };

  it("protects a page in every path that Next gives it", async () => {
    const { ask } = world({ protect: ["/dashboard/:path*"], signIn: "/login" });
    const i18n = { locales: ["en", "fr"], defaultLocale: "en" };
    for (const [path, nextConfig] of [
      ["/app/dashboard", { basePath: "/app" }],
      ["/dashboard/", { trailingSlash: true }],
      ["/fr/dashboard", { i18n }],
      ["/en/dashboard/x/", { i18n, trailingSlash: true }],
      ["/app/_next/data/build-1/fr/dashboard.json", { basePath: "/app", i18n }],
    ] as const) {
      const { status, headers } = await ask(path, { nextConfig: { ...nextConfig } });
      expect({ path, status }).toEqual({ path, status: 303 });
      const to = new URL(headers.get("location") ?? "");
      expect(to.origin + to.pathname).toBe(`${ORIGIN}${path.startsWith("/app") ? "/app" : ""}/login`);
      expect(to.searchParams.get("redirect_to")).toMatch(/^\/dashboard/);
    }
  });

  it("writes only its own paths to redirect_to (RFC 9700 4.11)", async () => {
    const { ask } = world(options);
    for (const path of ["//evil.example/x", "/_next/data/b//evil.example/x.json"]) {
      const to = new URL((await ask(path)).headers.get("location") ?? "");
      expect({ path, redirectTo: to.searchParams.get("redirect_to") }).toEqual({
        path,
        redirectTo: "/evil.example/x",
      });
    }
  });

  it("passes every request for the sign-in page, the routes and the files of Next", async () => {
    const { ask } = world(options);
    for (const path of [
      "/login",
      "/login?error=x",
      "/login/",
      "/auth/login",
      "/_next/static/x.js",
      "/_next/image",
    ]) {
      expect({ path, isPassed: isPassed(await ask(path)) }).toEqual({ path, isPassed: true });
    }
    for (const path of [
      "/login2",
      "/login/x",
      "/auth",
      "/authors",
      "/auth/%61",
      "/auth//x",
      "/_next/data/b/x.json",
    ]) {
      expect({ path, status: (await ask(path)).status }).toEqual({ path, status: 303 });
    }
    expect(isPassed(await world({ ...options, basePath: "/api/auth" }).ask("/api/auth/login"))).toBe(true);
  });

  it("answers in JSON if there is no sign-in page, and to a forged request", async () => {
    const nowhere = await world({ protect: ["/dashboard"] }).ask("/dashboard");
    expect({ status: nowhere.status, error: (await nowhere.json()).error }).toEqual({
      status: 401,
      error: "unauthenticated",
    });
    expect(nowhere.headers.get("www-authenticate")).toBe("Bearer");
    const { ask, cookie } = world(options);
    const headers = {
      cookie: await cookie(),
      "sec-fetch-site": "cross-site",
      origin: "https://evil.example",
    };
    const forged = await ask("/dashboard", { method: "POST", headers });
    expect({ status: forged.status, error: (await forged.json()).error }).toEqual({
      status: 403,
      error: "csrf_rejected",
    });
    expect(forged.headers.get("cache-control")).toBe("private, no-store");
  });

  it("answers in JSON to a script that calls an action, and else with an uncacheable redirect", async () => {
    const { ask } = world(options);
    const form = await ask("/dashboard", { method: "POST" });
    expect({ status: form.status, cacheControl: form.headers.get("cache-control") }).toEqual({
      status: 303,
      cacheControl: "private, no-store",
    });
    const called = await ask("/dashboard", { method: "POST", headers: { "next-action": "00ff" } });
    expect({ status: called.status, cacheControl: called.headers.get("cache-control") }).toEqual({
      status: 401,
      cacheControl: "private, no-store",
    });
    expect(called.headers.has("location")).toBe(false);
  });

  it("opens no protected page while the store is down, and clears nothing", async () => {
    const down = (): Promise<never> => Promise.reject(new Error("down"));
    const sessions = new Proxy(memory().sessions, { get: () => down });
    const { ask } = world(options, { ...memory(), sessions });
    const made = `lkr_${Buffer.from([1, ...crypto.getRandomValues(new Uint8Array(68))]).toString("base64url")}`;
    const headers = { cookie: `latchkey.refresh.3000=${made}` };
    const shut = await ask("/dashboard", { headers });
    expect({ status: shut.status, cookies: shut.headers.getSetCookie() }).toEqual({
      status: 503,
      cookies: [],
    });
    expect((await shut.json()).error).toBe("store_unavailable");
    const open = await ask("/login", { headers });
    expect({ isPassed: isPassed(open), cookies: open.headers.getSetCookie() }).toEqual({
      isPassed: true,
      cookies: [],
    });
  });

  it("hands a refresh to the page by the one header that it changes", async () => {
    const { ask, cookie, clock } = world(options);
    const sent = `theme=dark; ${(await cookie()).replaceAll(/latchkey\.(\w+)/g, "latchkey.$1.3000")}`;
    const live = await ask("/dashboard", { headers: { cookie: sent } });
    expect({
      isPassed: isPassed(live),
      isChanged: live.headers.has("x-middleware-override-headers"),
    }).toEqual({ isPassed: true, isChanged: false });
    clock.now += 11 * 60 * 1_000;
    const { headers } = await ask("/dashboard", { headers: { cookie: sent, accept: "text/html" } });
    const lines = headers.getSetCookie().map((line) => line.split(";", 1)[0]);
    expect(lines).toHaveLength(2);
    expect(headers.get("x-middleware-request-cookie")?.split("; ").sort()).toEqual(
      ["theme=dark", ...lines].sort(),
    );
    expect(headers.get("x-middleware-request-accept")).toBe("text/html");
    expect(headers.get("vary")).toBe("Cookie, Authorization");
  });

  it("expires what a sibling subdomain set after a conflict, in every answer, once and in no cache", async () => {
    const auth = createAuth({
      store: memory(),
      providers: [password()],
      baseURL: "https://app.example.com",
      secret: "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9",
      cookies: { domain: "example.com" },
    });
    const tokens = await Promise.all(
      ["ada@example.com", "eve@example.com"].map(async (email) => {
        const { id } = await auth.users.create({ email });
        return (await auth.sessions.create(id)).refreshToken;
      }),
    );
    const cookie = tokens.map((token) => `__Secure-latchkey.refresh=${token}`).join("; ");
    for (const [signIn, protect, status] of [
      ["/login", ["/page"], 303],
      [undefined, ["/page"], 401],
      [undefined, [], 200],
    ] as const) {
      const proxy = authProxy(auth, { protect, ...(signIn === undefined ? {} : { signIn }) });
      const headers = { cookie, host: "app.example.com", "x-forwarded-proto": "https" };
      const answer = await proxy(new NextRequest("https://app.example.com/page", { headers }));
      const lines = answer.headers.getSetCookie();
      expect({ status: answer.status, cacheControl: answer.headers.get("cache-control") }).toEqual({
        status,
        cacheControl: "private, no-store",
      });
      expect(new Set(lines).size).toBe(lines.length);
      const attributes = "Domain=example.com; Path=/page; Secure; HttpOnly; SameSite=Lax";
      expect(lines).toContain(`__Secure-latchkey.refresh=; Max-Age=0; ${attributes}`);
      expect(lines).toContain(`__Secure-latchkey.refresh=; Max-Age=0; ${attributes}; Partitioned`);
    }
  });
});
