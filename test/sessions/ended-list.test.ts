import type { Auth, Validation } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { createValidator, type Jwk } from "@latchkey/core/validator";
import { describe, expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { ANN, countOf, openServer, type ServerOptions } from "../fixtures/server.ts";
import { type Between, counted, wrapped } from "../fixtures/wrapped-store.ts";

type Server = ReturnType<typeof openServer>;

/** Two processes over one store and one clock. The second one has read the list of ended sessions. */
async function openPair(store = memory(), options: ServerOptions<Record<string, never>, never> = {}) {
  const first = openServer({ store, ...(options as object) });
  const seen = counted(store);
  const second = openServer({ store: seen.store, clock: first.clock, ...(options as object) });
  await second.auth.validate(first.browser().request("/"));
  return { first, second, clock: first.clock, calls: seen.calls };
}

async function bearerOf({ auth }: Server, email = "eve@example.com") {
  const user = (await auth.users.find({ email })) ?? (await auth.users.create({ email }));
  const { session, accessToken, refreshToken } = await auth.sessions.create(user.id, { transport: "bearer" });
  const request = () =>
    new Request("http://localhost:3000/page", { headers: { authorization: `Bearer ${accessToken}` } });
  return { userId: user.id, id: session.id, request, refreshToken: String(refreshToken) };
}

const codeOf = (found: Validation): string => (found.ok ? "ok" : found.code);
const validate = async ({ auth }: Server, request: Request): Promise<string> =>
  codeOf(await auth.validate(request));

/** Starts the read that is due, and waits for it. */
async function poll({ auth }: Server, request: Request): Promise<void> {
  const reads: Promise<unknown>[] = [];
  await auth.validate(request, { waitUntil: (work) => reads.push(work) });
  await Promise.all(reads);
}

/** Every way to end the session of a user. */
const ENDINGS: Readonly<
  Record<string, (auth: Auth, one: { userId: string; id: string }) => Promise<unknown>>
> = {
  "sessions.revoke": (auth, { id }) => auth.sessions.revoke(id),
  "sessions.revokeAll": (auth, { userId }) => auth.sessions.revokeAll(userId),
  "users.setPassword": (auth, { userId }) => auth.users.setPassword(userId, "a different staple"),
  "users.disable": (auth, { userId }) => auth.users.disable(userId),
  "users.delete": (auth, { userId }) => auth.users.delete(userId),
};

describe("a session that another process ended", () => {
  onEveryStore((make) => {
    it.each(Object.keys(ENDINGS))("is refused after the next read of the list, by %s", async (name) => {
      const { first, second, clock, calls } = await openPair(await make());
      const eve = await bearerOf(first);
      const other = await bearerOf(first, "bob@example.com");
      expect(await validate(second, eve.request())).toBe("ok");
      calls.length = 0;
      await ENDINGS[name]?.(first.auth, eve);
      for (let n = 0; n < 9; n++) {
        clock.advance(1);
        await validate(second, other.request());
      }
      expect(calls).toEqual([]);
      clock.advance(1);
      await poll(second, other.request());
      expect(await validate(second, eve.request())).toBe("session_revoked");
      expect(await validate(second, other.request())).toBe("ok");
      expect(calls).toEqual(["sessions.endedSince"]);
      const again = (await first.auth.users.find({ email: "eve@example.com" }))?.disabledAt === null;
      if (again) expect(await validate(second, (await bearerOf(first)).request())).toBe("ok");
    });

    it("is refused where a refresh token was reused", async () => {
      const { first, second, clock } = await openPair(await make());
      const eve = await bearerOf(first);
      const next = await first.auth.sessions.refresh(eve.refreshToken);
      clock.advance(61);
      await first.auth.sessions.refresh(next.ok ? String(next.refreshToken) : "");
      clock.advance(61);
      expect(await first.auth.sessions.refresh(eve.refreshToken)).toMatchObject({
        code: "refresh_token_reused",
      });
      await poll(second, eve.request());
      expect(await validate(second, eve.request())).toBe("session_revoked");
    });

    it("shows its new context at the next request after the read", async () => {
      const { first, second, clock } = await openPair(await make());
      const ann = await first.signedIn();
      const eve = await bearerOf(first);
      const id = String(
        (await first.auth.validate(ann.request("/"))).ok && (await idOf(first, ann.request("/"))),
      );
      for (const session of [id, eve.id])
        await first.auth.sessions.update(session, { context: { role: "editor" } });
      clock.advance(10);
      await poll(second, eve.request());
      clock.advance(10);
      const byBearer = await second.auth.validate(eve.request());
      expect(byBearer).toMatchObject({
        ok: true,
        refreshed: false,
        session: { context: { role: "editor" } },
      });
      // Its times stay: a token that is read again from the store lives no longer.
      expect(byBearer.ok && byBearer.claims.exp - byBearer.claims.iat).toBe(600);
      expect(byBearer.ok && clock.now() / 1_000 - byBearer.claims.iat).toBeGreaterThanOrEqual(20);
      const byCookie = await second.auth.validate(ann.request("/"));
      expect(byCookie).toMatchObject({ ok: true, refreshed: true, session: { context: { role: "editor" } } });
    });

    it.each([
      ["fresh", {}, { fresh: true }],
      ['revocation: "store"', { revocation: "store" }, {}],
    ] as const)("shows the role of a demoted administrator at once, with %s", async (_, options, how) => {
      const { first, second } = await openPair(await make(), options as object);
      const ann = await first.signedIn();
      const eve = await bearerOf(first);
      const cookie = await idOf(first, ann.request("/"));
      const demoted = { ok: true, session: { context: { role: "reader" } } };
      for (const id of [cookie, eve.id])
        await first.auth.sessions.update(id, { context: demoted.session.context });
      expect(await second.auth.validate(eve.request(), how)).toMatchObject({ ...demoted, refreshed: false });
      const looked = await second.auth.validate(ann.request("/"), { ...how, refresh: "never" });
      expect(looked).toMatchObject({ ...demoted, refreshed: false });
      const found = await second.auth.validate(ann.request("/"), how);
      expect(found).toMatchObject({ ...demoted, refreshed: true });
      ann.take(found.headers);
      expect(await first.auth.validate(ann.request("/"), how)).toMatchObject({
        ...demoted,
        refreshed: false,
      });
    });

    it("is refused with a million others by one entry, and a session that stays or starts then is not", async () => {
      const { first, second, clock, calls } = await openPair(await make());
      const eve = await bearerOf(first);
      const kept = await bearerOf(first);
      for (let n = 0; n < 110; n++) await first.auth.sessions.create(eve.userId);
      await first.auth.sessions.revokeAll(eve.userId, { except: kept.id });
      const later = await bearerOf(first);
      clock.advance(10);
      await poll(second, eve.request());
      calls.length = 0;
      expect(await validate(second, eve.request())).toBe("session_revoked");
      expect(await validate(second, kept.request())).toBe("ok");
      expect(await validate(second, later.request())).toBe("ok");
      const page = await first.auth.handle(new Request("http://localhost:3000/auth/ended"));
      expect((await page.json()).entries).toHaveLength(1);
    });
  });
});

async function idOf({ auth }: Server, request: Request): Promise<string> {
  const found = await auth.validate(request);
  return found.ok ? found.session.id : "";
}

describe("a refresh during a change", () => {
  /** A server whose hook changes the store while the refresh waits for it, for two seconds. */
  async function changedDuring(change: (auth: Auth, userId: string, id: string) => Promise<unknown>) {
    const server: Server = openServer({
      hooks: {
        refreshed: async ({ session }) => {
          await change(server.auth, session.userId, session.id);
          server.clock.advance(2);
        },
      },
    });
    const eve = await bearerOf(server);
    for (let n = 0; n < 110; n++) await server.auth.sessions.create(eve.userId);
    server.clock.advance(300);
    const next = await server.auth.sessions.refresh(eve.refreshToken);
    return { server, token: next.ok ? next.accessToken : "", expiresIn: next.ok ? next.expiresIn : 0 };
  }

  it("issues no token that hides a new context", async () => {
    const { server, token, expiresIn } = await changedDuring((auth, _, id) =>
      auth.sessions.update(id, { context: { role: "reader" } }),
    );
    expect(expiresIn).toBe(598);
    server.clock.advance(10);
    expect(await server.auth.sessions.verify(token)).toMatchObject({
      session: { context: { role: "reader" } },
    });
  });

  it("hides no new context behind a token of a server whose clock is ahead", async () => {
    const { first, second, clock } = await openPair();
    clock.advance(5);
    const eve = await bearerOf(second);
    clock.advance(-5);
    await first.auth.sessions.update(eve.id, { context: { role: "reader" } });
    clock.advance(20);
    await poll(second, eve.request());
    const found = await second.auth.validate(eve.request());
    expect(found).toMatchObject({ ok: true, session: { context: { role: "reader" } } });
  });

  it("issues no token that a server without a store accepts after the end of all sessions", async () => {
    const { server, token } = await changedDuring((auth, userId) => auth.sessions.revokeAll(userId));
    const { validate: check } = createValidator({
      jwks: (await server.auth.keys.jwks()) as { keys: readonly Jwk[] },
      issuer: "http://localhost",
      endedUrl: "http://localhost:3000/auth/ended",
      env: { clock: server.clock.now, fetch: (url) => server.auth.handle(new Request(url)) },
    });
    const headers = { authorization: `Bearer ${token}` };
    expect(await check(new Request("http://localhost:3000/page", { headers }))).toMatchObject({
      ok: false,
      code: "session_revoked",
    });
  });
});

describe("a session that stays while the others of its user end", () => {
  it("is read from the store for a minute, and refreshed once after that", async () => {
    const { first, second, clock, calls } = await openPair();
    const ann = await first.signedIn();
    const id = await idOf(first, ann.request("/"));
    const userId = String((await first.auth.users.find(ANN))?.id);
    for (let n = 0; n < 110; n++) await first.auth.sessions.create(userId);
    clock.advance(120);
    await first.auth.sessions.revokeAll(userId, { except: id });
    calls.length = 0;
    for (let n = 0; n < 30; n++) {
      clock.advance(5);
      const found = await second.auth.validate(ann.request("/"));
      expect(found.ok).toBe(true);
      ann.take(found.headers);
    }
    expect(calls.filter((call) => call === "sessions.rotate")).toHaveLength(1);
  });
});

describe("a store that does not answer", () => {
  /** A store whose calls fail or hang while `fault` says so. */
  function unsteady(store = memory()) {
    const state: { fault: "none" | "down" | "hangs" } = { fault: "none" };
    const between: Between = (_, call) => {
      if (state.fault === "none") return call();
      return state.fault === "down"
        ? Promise.reject(new Error("ECONNREFUSED"))
        : new Promise(() => undefined);
    };
    return { store: wrapped(store, between), state };
  }

  it("signs no user out for 60 seconds, and the list catches up after that", async () => {
    const inner = memory();
    const { store, state } = unsteady(inner);
    const second = openServer({ store });
    const first = openServer({ store: inner, clock: second.clock });
    const eve = await bearerOf(first);
    const bob = await bearerOf(first, "bob@example.com");
    expect(await validate(second, eve.request())).toBe("ok");
    state.fault = "down";
    await first.auth.sessions.revoke(eve.id);
    for (let n = 0; n < 60; n++) {
      second.clock.advance(1);
      expect(await validate(second, bob.request())).toBe("ok");
    }
    expect(countOf(second, "revocation.behind")).toBe(4);
    state.fault = "none";
    second.clock.advance(10);
    await poll(second, bob.request());
    expect(await validate(second, eve.request())).toBe("session_revoked");
    expect(await validate(second, bob.request())).toBe("ok");
  });

  it("answers 503 for a token that only the store can confirm, and accepts one with an old context", async () => {
    const { store, state } = unsteady();
    const server = openServer({ store });
    const [eve, bob] = [await bearerOf(server), await bearerOf(server, "bob@example.com")];
    for (let n = 0; n < 110; n++) await server.auth.sessions.create(eve.userId);
    const kept = await bearerOf(server);
    await server.auth.sessions.revokeAll(eve.userId, { except: kept.id });
    await server.auth.sessions.update(bob.id, { context: { role: "editor" } });
    expect([await validate(server, kept.request()), await validate(server, bob.request())]).toEqual([
      "ok",
      "ok",
    ]);
    state.fault = "down";
    expect(await validate(server, kept.request())).toBe("store_unavailable");
    expect(await validate(server, bob.request())).toBe("ok");
  });

  it("answers 503 while the list is behind, if whenBehind is refuse", async () => {
    const { store, state } = unsteady();
    const server = openServer({ store, revocation: { whenBehind: "refuse" } });
    const eve = await bearerOf(server);
    state.fault = "down";
    expect(await validate(server, eve.request())).toBe("store_unavailable");
    state.fault = "none";
    server.clock.advance(10);
    expect(await validate(server, eve.request())).toBe("ok");
  });

  it("delays no request that has a live token while a read hangs", async () => {
    const { store, state } = unsteady();
    const server = openServer({ store });
    const eve = await bearerOf(server);
    expect(await validate(server, eve.request())).toBe("ok");
    state.fault = "hangs";
    const begin = performance.now();
    for (let n = 0; n < 12; n++) {
      server.clock.advance(10);
      expect(await validate(server, eve.request())).toBe("ok");
    }
    expect(performance.now() - begin).toBeLessThan(1_000);
  });
});

describe("the option revocation", () => {
  it("reads no list with none, and with logout.keepAccessToken", async () => {
    for (const options of [{ revocation: "none" } as const, { logout: { keepAccessToken: true } }]) {
      const { store, calls } = counted(memory());
      const server = openServer({ store, ...options });
      const eve = await bearerOf(server);
      calls.length = 0;
      await server.auth.sessions.revoke(eve.id);
      server.clock.advance(60);
      expect(await validate(server, eve.request())).toBe("ok");
      expect(calls).toEqual(["sessions.end"]);
    }
  });

  it("refuses a list beside logout.keepAccessToken, which contradicts it", () => {
    expect(() => openServer({ logout: { keepAccessToken: true }, revocation: {} })).toThrow(
      'revocation polls the list of ended sessions, but logout.keepAccessToken keeps the access token of an ended session: remove one, or write revocation: "none"',
    );
  });

  it("reads the list at the given interval", async () => {
    const { first, second, clock, calls } = await openPair(memory(), { revocation: { pollEvery: 3 } });
    const eve = await bearerOf(first);
    await validate(second, eve.request());
    calls.length = 0;
    for (let n = 0; n < 30; n++) {
      clock.advance(1);
      await poll(second, eve.request());
    }
    expect(calls).toHaveLength(10);
  });

  it("refuses at once in the process that ended the session, after its own next read", async () => {
    const server = openServer();
    const ann = await server.signedIn();
    const stolen = ann.request("/");
    expect(await validate(server, stolen)).toBe("ok");
    await ann.post("/auth/logout");
    server.clock.advance(10);
    await poll(server, stolen);
    expect(await validate(server, stolen)).toBe("session_revoked");
    const again = await server.signedIn(ANN);
    expect(await validate(server, again.request("/"))).toBe("ok");
  });
});

describe("GET /auth/ended", () => {
  it("lists digests alone, by pages, and is public for seconds", async () => {
    const server = openServer();
    const empty = await server.send("/auth/ended");
    expect(empty.headers.get("cache-control")).toBe("public, max-age=2");
    expect(empty.headers.getSetCookie()).toEqual([]);
    const text = await empty.text();
    expect(text.length).toBeLessThan(200);
    const { cursor } = JSON.parse(text);
    const etag = String(empty.headers.get("etag"));
    const same = await server.send("/auth/ended", { headers: { "if-none-match": etag } });
    expect([same.status, await same.text()]).toEqual([304, ""]);
    const eve = await bearerOf(server);
    await server.auth.sessions.revoke(eve.id);
    const next = await server.send(`/auth/ended?after=${cursor}`);
    const page = await next.text();
    expect(JSON.parse(page)).toEqual({
      entries: [
        {
          kind: "ended",
          key: expect.stringMatching(/^[\w-]{22}$/),
          at: expect.any(Number),
          until: expect.any(Number),
        },
      ],
      cursor: expect.any(String),
      more: false,
    });
    for (const id of [eve.id, eve.userId, "eve"]) expect(page).not.toContain(id);
  });

  it.each(["after=", "after=a%20b", `after=${"x".repeat(65)}`, "after=1&after=2"])(
    "refuses %s",
    async (query) => {
      expect((await openServer().send(`/auth/ended?${query}`)).status).toBe(400);
    },
  );

  it("answers a cursor that it does not know from the start", async () => {
    const server = openServer();
    await server.auth.sessions.revoke((await bearerOf(server)).id);
    const page = await (await server.send("/auth/ended?after=no-cursor-of-ours")).json();
    expect(page.entries).toHaveLength(1);
  });
});
