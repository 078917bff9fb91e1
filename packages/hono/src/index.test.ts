import { type Auth, createAuth, type JsonObject, type Session, type User } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password, scryptHasher } from "@latchkey/core/password";
import { Hono } from "hono";
import { describe, expect, expectTypeOf, it } from "vitest";
import { authHandler, requireSession, type SessionEnv, session } from "./index.ts";

const cheapHasher = scryptHasher({ cost: { ln: 4, r: 8, p: 1 } });

interface World {
  readonly auth: Auth<JsonObject, User>;
  readonly app: Hono<SessionEnv>;
  /** Milliseconds; tests move it. */
  readonly clock: { now: number };
}

interface Served {
  readonly app: { request(path: string, init: RequestInit): Response | Promise<Response> };
}

function world(): World {
  const clock = { now: 1_700_000_000_000 };
  const auth = createAuth({
    store: memory(),
    providers: [password({ hasher: cheapHasher })],
    env: { clock: () => clock.now },
  });
  const app = new Hono<SessionEnv>();
  app.all("/auth/*", authHandler(auth));
  app.use("*", session(auth));
  app.all("/who", (c) => c.json({ userId: c.var.session?.userId ?? null, sub: c.var.claims?.sub ?? null }));
  app.all("/own", requireSession(), (c) => c.json({ userId: c.var.session.userId, sub: c.var.claims.sub }));
  return { auth, app, clock };
}

async function signIn({ app }: Served, email = "ada@example.com"): Promise<string> {
  const response = await app.request("http://localhost/auth/signup", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password: "correct horse battery" }),
  });
  expect(response.status).toBe(201);
  return cookieHeader(response);
}

function cookieHeader(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
}

function cookieNames(response: Response): readonly (string | undefined)[] {
  return response.headers.getSetCookie().map((line) => line.split("=", 1)[0]);
}

it("takes a function from the bindings of a request to an auth", async () => {
  const [ann, bob] = [world().auth, world().auth];
  const app = new Hono<{ Bindings: { readonly tenant: string } }>();
  const getAuth = ({ tenant }: { readonly tenant: string }) => (tenant === "ann" ? ann : bob);
  app
    .all("/auth/*", authHandler(getAuth))
    .use("*", session(getAuth))
    .get("/own", requireSession(), (c) => c.json({ tenant: c.env.tenant, userId: c.var.session.userId }));
  const at = (tenant: string): Served => ({
    app: { request: (path, init) => app.request(path, init, { tenant }) },
  });
  const headers = { cookie: await signIn(at("ann")) };
  const own = await at("ann").app.request("http://localhost/own", { headers });
  expect({ status: own.status, body: await own.json() }).toMatchObject({
    status: 200,
    body: { tenant: "ann" },
  });
  expect((await at("bob").app.request("http://localhost/own", { headers })).status).toBe(401);
});

const OURS = ["latchkey.access", "latchkey.refresh"];

/** Past the life of the access token, so that the next request refreshes. */
function later({ clock }: Pick<World, "clock">): void {
  clock.now += 11 * 60 * 1_000;
}

describe("authHandler", () => {
  it("answers the routes, and errors of unknown ones in JSON", async () => {
    const here = world();
    const cookie = await signIn(here);
    const me = await here.app.request("http://localhost/auth/me", { headers: { cookie } });
    expect(await me.json()).toMatchObject({ email: "ada@example.com" });
    const missing = await here.app.request("http://localhost/auth/nothing");
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: "not_found" });
  });

  it("lets a sign-out stand when the session was refreshed on the way to it", async () => {
    const { auth, clock } = world();
    const app = new Hono().use("*", session(auth)).all("/auth/*", authHandler(auth));
    const cookie = await signIn({ app });
    later({ clock });
    const response = await app.request("http://localhost/auth/logout", {
      method: "POST",
      headers: { cookie },
    });
    expect(response.status).toBe(200);
    const lines = response.headers.getSetCookie();
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toContain("Max-Age=0");
  });
});

describe("session", () => {
  it("passes a request without a session, and sets null", async () => {
    const { app } = world();
    const headers = [
      {},
      { cookie: "latchkey.access=x; latchkey.refresh=lkr_x" },
      { authorization: "Bearer" },
    ];
    for (const sent of headers) {
      const response = await app.request("http://localhost/who", { headers: sent });
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ userId: null, sub: null });
      expect(response.headers.get("vary")).toBe("Cookie, Authorization");
    }
  });

  it("passes a forged request, and sets null", async () => {
    const here = world();
    const cookie = await signIn(here);
    const headers = { cookie, "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    const response = await here.app.request("http://localhost/who", { method: "POST", headers });
    expect(await response.json()).toEqual({ userId: null, sub: null });
    const refused = await here.app.request("http://localhost/own", { method: "POST", headers });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: "csrf_rejected" });
  });

  it("adds the cookies of a refresh to every kind of response", async () => {
    const here = world();
    const { app } = here;
    const base = { "set-cookie": "theme=dark; Path=/", vary: "Accept-Encoding" };
    app.get("/json", (c) => c.json({}, 200, base));
    app.get("/two", (c) => {
      c.header("set-cookie", "a=1; Path=/", { append: true });
      c.header("set-cookie", "b=2; Path=/", { append: true });
      return c.text("two");
    });
    app.get("/plain", () => new Response("plain", { headers: base }));
    app.get("/redirect", () => Response.redirect("http://localhost/elsewhere", 303));
    app.get("/replaced", async (c, next) => {
      await next();
      c.res = new Response("replaced", { status: 418 });
    });
    app.get("/stream", () => new Response(new Blob(["streamed"]).stream(), { headers: base }));
    app.get("/thrown", () => {
      throw new Error("a handler's fault");
    });
    app.onError((_, c) => c.text("sorry", 500));
    const rows: readonly (readonly [path: string, status: number, names: readonly string[]])[] = [
      ["/json", 200, ["theme", ...OURS]],
      ["/two", 200, ["a", "b", ...OURS]],
      ["/plain", 200, ["theme", ...OURS]],
      ["/redirect", 303, OURS],
      ["/replaced", 418, OURS],
      ["/stream", 200, ["theme", ...OURS]],
      ["/thrown", 500, OURS],
      ["/nowhere", 404, OURS],
    ];
    for (const [path, status, names] of rows) {
      const cookie = await signIn(here, `${path.slice(1)}@example.com`);
      later(here);
      const response = await app.request(`http://localhost${path}`, { headers: { cookie } });
      expect(response.status, path).toBe(status);
      expect(cookieNames(response), path).toEqual(names);
      expect(response.headers.get("cache-control"), path).toBe("private, no-store");
      expect(response.headers.get("vary"), path).toMatch(/(^|, )Cookie, Authorization$/);
    }
  });

  it.each([
    ["a text", "out of memory"],
    ["undefined", undefined],
    ["null", null],
    ["an object", { status: 418 }],
    ["a Response", new Response("no", { status: 401 })],
  ])("adds the cookies of a refresh where a handler throws %s, which is not an Error", async (_, thrown) => {
    const here = world();
    here.app.get("/thrown", () => {
      throw thrown;
    });
    const errors: Error[] = [];
    here.app.onError((error) => {
      errors.push(error);
      return new Response("sorry", { status: 500, headers: { "x-handled": "1" } });
    });
    const cookie = await signIn(here);
    later(here);
    const response = await here.app.request("http://localhost/thrown", { headers: { cookie } });
    const { status, headers } = response;
    expect({ status, text: await response.text(), handled: headers.get("x-handled") }).toEqual({
      status: 500,
      text: "sorry",
      handled: "1",
    });
    expect(cookieNames(response)).toEqual(OURS);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    expect(errors).toMatchObject([
      { message: "A handler threw a value that is not an Error.", cause: thrown },
    ]);
  });

  it("adds the cookies of a refresh beside those of a response whose middleware throws afterwards", async () => {
    const { auth, clock } = world();
    const app = new Hono().all("/auth/*", authHandler(auth)).use("*", session(auth));
    app.use("*", async (_, next) => {
      await next();
      throw new Error("a middleware's fault");
    });
    const own = {
      "set-cookie": "theme=dark; Path=/",
      "cache-control": "public, max-age=600",
      vary: "Accept",
    };
    app.get("/late", (c) => c.text("late", 200, own));
    app.onError((_, c) => c.text("sorry", 500));
    const cookie = await signIn({ app });
    later({ clock });
    const response = await app.request("http://localhost/late", { headers: { cookie } });
    expect({ status: response.status, cookies: cookieNames(response) }).toEqual({
      status: 500,
      cookies: ["theme", ...OURS],
    });
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    expect(response.headers.get("vary")).toBe("Accept, Cookie, Authorization");
  });

  it("removes the Cache-Control of a CDN also from a response that is private in the browser", async () => {
    const here = world();
    const own = { "cache-control": "no-store", "cdn-cache-control": "public, max-age=600" };
    here.app.get("/at-the-edge", (c) => c.text("x", 200, own));
    const get = (headers: Readonly<Record<string, string>>): Promise<Response> =>
      Promise.resolve(here.app.request("http://localhost/at-the-edge", { headers: { ...headers } }));
    const mine = await get({ cookie: await signIn(here) });
    expect({
      cacheControl: mine.headers.get("cache-control"),
      cdnCacheControl: mine.headers.get("cdn-cache-control"),
    }).toEqual({ cacheControl: "no-store", cdnCacheControl: null });
    expect((await get({})).headers.get("cdn-cache-control")).toBe("public, max-age=600");
  });

  it("makes every response of a session private, and uncacheable if it sets cookies", async () => {
    const here = world();
    here.app.get("/asset", (c) =>
      c.text("x", 200, {
        "cache-control": "public, max-age=600, s-maxage=600",
        "cdn-cache-control": "max-age=600",
        "surrogate-control": "max-age=600",
        vary: "*",
      }),
    );
    here.app.get("/mine", (c) => c.text("x", 200, { "cache-control": "private, max-age=5" }));
    const get = (path: string, cookie: string): Promise<Response> =>
      Promise.resolve(here.app.request(`http://localhost${path}`, { headers: { cookie } }));
    const cookie = await signIn(here);
    const live = await get("/asset", cookie);
    expect(live.headers.getSetCookie()).toEqual([]);
    expect(live.headers.get("cache-control")).toBe("private, no-store");
    expect((await get("/mine", cookie)).headers.get("cache-control")).toBe("private, max-age=5");
    later(here);
    const refreshed = await get("/asset", cookie);
    expect(cookieNames(refreshed)).toEqual(OURS);
    expect(refreshed.headers.get("cache-control")).toBe("private, no-store");
    expect(refreshed.headers.has("cdn-cache-control")).toBe(false);
    expect(refreshed.headers.has("surrogate-control")).toBe(false);
    expect(refreshed.headers.get("vary")).toBe("*");
    later(here);
    const mine = await get("/mine", cookieHeader(refreshed));
    expect(mine.headers.get("cache-control")).toBe("private, no-store");
    const anonymous = await get("/asset", "");
    expect(anonymous.headers.get("cache-control")).toBe("public, max-age=600, s-maxage=600");
  });

  it("does not rotate for HEAD nor for a WebSocket handshake", async () => {
    const here = world();
    const cookie = await signIn(here);
    later(here);
    const head = await here.app.request("http://localhost/own", { method: "HEAD", headers: { cookie } });
    expect(head.status).toBe(200);
    expect(head.headers.getSetCookie()).toEqual([]);
    const handshake = { upgrade: "websocket", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
    const headers = { cookie, ...handshake, "sec-fetch-site": "same-origin" };
    const upgrade = await here.app.request("http://localhost/own", { headers });
    expect(upgrade.status).toBe(200);
    expect(upgrade.headers.getSetCookie()).toEqual([]);
    const get = await here.app.request("http://localhost/own", { headers: { cookie } });
    expect(cookieNames(get)).toEqual(OURS);
  });

  it("validates once, whatever is mounted below it", async () => {
    const here = world();
    const sub = new Hono<SessionEnv>()
      .use("*", session(here.auth))
      .get("/deep", requireSession(), (c) => c.text(c.var.session.userId));
    here.app.route("/sub", sub);
    const cookie = await signIn(here);
    later(here);
    const response = await here.app.request("http://localhost/sub/deep", { headers: { cookie } });
    expect(response.status).toBe(200);
    expect(cookieNames(response)).toEqual(OURS);
    const refused = await here.app.request("http://localhost/sub/deep");
    expect(refused.status).toBe(401);
  });

  it("guards an app mounted under another path, encoded or not", async () => {
    const here = world();
    const inner = new Hono().use("*", session(here.auth)).get("/deep", requireSession(), (c) => c.text("in"));
    const outer = new Hono().basePath("/v1").mount("/api", inner.fetch);
    const cookie = await signIn(here);
    later(here);
    const response = await outer.request("http://localhost/v1/api/deep", { headers: { cookie } });
    expect(await response.text()).toBe("in");
    expect(cookieNames(response)).toEqual(OURS);
    expect((await outer.request("http://localhost/v1/api/deep")).status).toBe(401);
    expect((await outer.request("http://localhost/v1/api/%64eep")).status).toBe(401);
  });

  it("takes validate's options", async () => {
    const { auth, clock } = world();
    const app = new Hono().all("/auth/*", authHandler(auth)).use("*", session(auth, { refresh: "never" }));
    app.get("/own", requireSession(), (c) => c.text("in"));
    const cookie = await signIn({ app });
    later({ clock });
    const response = await app.request("http://localhost/own", { headers: { cookie } });
    expect(response.status).toBe(200);
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});

describe("types", () => {
  it("have the members of the context, and no others", () => {
    const auth = createAuth<{ role: string }>({ store: memory() });
    const app = new Hono().use("*", session(auth));
    app.get("/a", (c) => {
      expectTypeOf(c.var.session).toEqualTypeOf<Session<{ role: string }> | null>();
      return c.text("");
    });
    app.get("/b", requireSession(), (c) => {
      expectTypeOf(c.var.session.context.role).toEqualTypeOf<string>();
      // @ts-expect-error the schema has no such member
      return c.text(String(c.var.session.context.rank));
    });
    requireSession({
      auth,
      when: ({ context }) => {
        expectTypeOf(context).toEqualTypeOf<{ role: string }>();
        return context.role === "admin";
      },
    });
    const plain = new Hono().get("/c", requireSession<{ role: "admin" }>(), (c) => {
      expectTypeOf(c.var.session.context.role).toEqualTypeOf<"admin">();
      return c.text("");
    });
    expect(plain.routes.length + app.routes.length).toBeGreaterThan(0);
  });
});

describe("requireSession", () => {
  it("answers for the validation: 401 and 503 with its code, Bearer with its challenge", async () => {
    const here = world();
    const anonymous = await here.app.request("http://localhost/own");
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers.get("www-authenticate")).toBe("Bearer");
    expect(await anonymous.json()).toMatchObject({ error: "unauthenticated" });
    const bearer = await here.app.request("http://localhost/own", { headers: { authorization: "Bearer x" } });
    expect(bearer.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
    const down = new Hono().use("*", session(storeDown())).get("/own", requireSession(), (c) => c.text("in"));
    const token = `lkr_${"A".repeat(92)}`;
    const headers = { cookie: `latchkey.refresh=lkr_AQ${token.slice(6)}` };
    const response = await down.request("http://localhost/own", { headers });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: "store_unavailable" });
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it("answers 401 with the challenge of RFC 9470 for a sign-in that is too old, and keeps the session", async () => {
    const { auth, clock } = world();
    const app = new Hono().all("/auth/*", authHandler(auth)).use("*", session(auth));
    app.get("/own", requireSession(), (c) => c.text("in"));
    app.get("/pay", requireSession({ maxAge: 900, amr: ["pwd"] }), (c) => c.text(c.var.session.userId));
    app.get("/vault", requireSession({ auth, maxAge: 900, amr: ["pwd", "otp"] }), (c) => c.text("in"));
    app.get("/closed", requireSession({ maxAge: 1, when: () => false }), (c) => c.text("in"));
    app.get("/typo", requireSession({ maxage: 900 } as object), (c) => c.text("in"));
    app.onError((error) => new Response(error.message, { status: 500 }));
    let cookie = await signIn({ app });
    const get = (path: string) => app.request(`http://localhost${path}`, { headers: { cookie } });
    expect((await get("/pay")).status).toBe(200);
    const methods = await get("/vault");
    expect({ status: methods.status, body: await methods.json() }).toMatchObject({
      status: 401,
      body: { error: "insufficient_user_authentication" },
    });
    const typo = await get("/typo");
    expect({ status: typo.status, text: await typo.text() }).toEqual({
      status: 500,
      text: "maxage is not an option of stepUp: did you mean maxAge?",
    });
    clock.now += 901_000;
    const old = await get("/pay");
    expect({ status: old.status, body: await old.json() }).toEqual({
      status: 401,
      body: { error: "insufficient_user_authentication", message: "Sign in again to do that." },
    });
    expect(old.headers.get("www-authenticate")).toBe(
      'Bearer error="insufficient_user_authentication", max_age=900',
    );
    expect(cookieNames(old)).toEqual(OURS);
    cookie = cookieHeader(old);
    expect((await get("/own")).status).toBe(200);
    expect((await get("/closed")).status).toBe(403);
    cookie = "";
    expect(await (await get("/pay")).json()).toMatchObject({ error: "unauthenticated" });
  });

  it("answers 403 unless `when` returns true for the session", async () => {
    const { auth } = world();
    const app = new Hono().all("/auth/*", authHandler(auth)).use("*", session(auth));
    app.get("/young", requireSession({ when: ({ createdAt }) => createdAt > 2_000_000_000 }), (c) =>
      c.text("in"),
    );
    app.get("/any", requireSession({ when: (own: Session<JsonObject>) => own.userId !== "" }), (c) =>
      c.text("in"),
    );
    const cookie = await signIn({ app });
    const refused = await app.request("http://localhost/young", { headers: { cookie } });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: "forbidden" });
    expect((await app.request("http://localhost/any", { headers: { cookie } })).status).toBe(200);
    expect((await app.request("http://localhost/any")).status).toBe(401);
  });

  it("throws where session has run with another auth than the one that requireSession is given", async () => {
    const [{ auth }, other] = [world(), world()];
    const app = new Hono().all("/auth/*", authHandler(auth)).use("*", session(auth));
    app.get("/same", requireSession({ auth, when: () => true }), (c) => c.text("in"));
    app.get("/other", requireSession({ auth: other.auth }), (c) => c.text("in"));
    app.onError((error, c) => c.text(error.message, 500));
    const cookie = await signIn({ app });
    expect((await app.request("http://localhost/same", { headers: { cookie } })).status).toBe(200);
    const refused = await app.request("http://localhost/other", { headers: { cookie } });
    expect(await refused.text()).toBe("requireSession needs session(auth) to run before it");
  });

  it("validates by its own auth after the session of another auth in the same application", async () => {
    const [ann, bob] = [world().auth, world().auth];
    const app = new Hono<SessionEnv>().all("/auth/*", authHandler(ann)).use("*", session(ann));
    app.use("/bob/*", session(bob));
    app.get("/ann/own", requireSession(), (c) => c.text("in"));
    app.get("/bob/own", requireSession(), (c) => c.text("in"));
    app.get("/bob/who", (c) => c.json({ session: c.var.session, claims: c.var.claims }));
    const headers = { cookie: await signIn({ app }) };
    expect((await app.request("http://localhost/ann/own", { headers })).status).toBe(200);
    expect((await app.request("http://localhost/bob/own", { headers })).status).toBe(401);
    const who = await app.request("http://localhost/bob/who", { headers });
    expect(await who.json()).toEqual({ session: null, claims: null });
  });

  it("puts its own session back where another middleware wrote under the same names", async () => {
    const { auth } = world();
    const planted = { id: "x", userId: "admin" };
    const app = new Hono<{ Variables: Record<string, unknown> }>();
    app.use("*", session(auth));
    app.use("*", async (c, next) => {
      c.set("session", planted);
      c.set("claims", { sub: "admin" });
      await next();
    });
    app.use("*", session(auth));
    app.get("/who", (c) => c.json({ session: c.var["session"], claims: c.var["claims"] }));
    expect(await (await app.request("http://localhost/who")).json()).toEqual({ session: null, claims: null });
  });

  const truthy: readonly unknown[] = [
    1,
    "true",
    {},
    [],
    Promise.resolve(true),
    Object(true),
    () => true,
    undefined,
    0,
  ];
  it.each(truthy)("refuses a `when` that returns %s", async (answer) => {
    const { auth } = world();
    const app = new Hono().all("/auth/*", authHandler(auth)).use("*", session(auth));
    app.get("/own", requireSession({ when: () => answer as boolean }), (c) => c.text("in"));
    const cookie = await signIn({ app });
    expect((await app.request("http://localhost/own", { headers: { cookie } })).status).toBe(403);
  });

  it("ignores a session that another middleware wrote", async () => {
    const { auth } = world();
    const planted = { id: "x", userId: "admin" };
    const app = new Hono<{ Variables: Record<string, unknown> }>();
    app.use("*", async (c, next) => {
      c.set("session", planted);
      c.set("latchkey", { auth, validation: { ok: true, session: planted } });
      await next();
    });
    app.use("*", session(auth));
    app.use("*", async (c, next) => {
      c.set("session", planted);
      await next();
    });
    app.get("/own", requireSession(), (c) => c.text("in"));
    expect((await app.request("http://localhost/own")).status).toBe(401);
  });

  it("throws if session does not run before it", async () => {
    const app = new Hono().get("/own", requireSession(), (c) => c.text("in"));
    app.onError((error, c) => c.text(error.message, 500));
    const response = await app.request("http://localhost/own");
    expect(response.status).toBe(500);
    expect(await response.text()).toBe("requireSession needs session(auth) to run before it");
  });
});

describe("a conflict of two sessions", () => {
  it("expires what a sibling subdomain set, on every response, once and in no cache", async () => {
    const auth = createAuth({
      store: memory(),
      providers: [password({ hasher: cheapHasher })],
      baseURL: "https://app.example.com",
      secret: "ZrQ0wPp3Lk8vX1uT5sY7aB2cD4eF6gH9",
      cookies: { domain: "example.com" },
    });
    const app = new Hono<SessionEnv>().use("*", session(auth));
    app.get("/open", (c) => c.text("open", 200, { "cache-control": "public, max-age=600" }));
    app.get("/own", requireSession(), (c) => c.text("in"));
    const tokens = await Promise.all(
      ["ada@example.com", "eve@example.com"].map(async (email) => {
        const { id } = await auth.users.create({ email });
        return (await auth.sessions.create(id)).refreshToken;
      }),
    );
    const headers = { cookie: tokens.map((token) => `__Secure-latchkey.refresh=${token}`).join("; ") };
    for (const [path, status] of [
      ["/open", 200],
      ["/own", 401],
    ] as const) {
      const response = await app.request(`https://app.example.com${path}`, { headers });
      const lines = response.headers.getSetCookie();
      expect({ status: response.status, cacheControl: response.headers.get("cache-control") }).toEqual({
        status,
        cacheControl: "private, no-store",
      });
      expect(new Set(lines).size).toBe(lines.length);
      const attributes = `Domain=example.com; Path=${path}; Secure; HttpOnly; SameSite=Lax`;
      expect(lines).toContain(`__Secure-latchkey.refresh=; Max-Age=0; ${attributes}`);
      expect(lines).toContain(`__Secure-latchkey.refresh=; Max-Age=0; ${attributes}; Partitioned`);
    }
  });
});

function storeDown(): Auth<JsonObject, User> {
  const store = memory();
  const down = (): never => {
    throw new Error("down");
  };
  return createAuth({ store: { ...store, sessions: { ...store.sessions, rotate: down, get: down } } });
}

it("leaves a handler that returns no response an error of Hono", async () => {
  const { app } = world();
  app.get("/none", (() => undefined) as never);
  const response = await app.request("http://localhost/none");
  expect(response.status).toBe(500);
});
