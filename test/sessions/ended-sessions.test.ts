import { memory } from "@latchkey/core/memory";
import type { Store } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { openServer, type TestServer } from "../fixtures/server.ts";
import { sidOf } from "../fixtures/tokens.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

/** The access token is live and a refresh is due. */
const NEAR_EXPIRY = 560;

describe("an access token near expiry does not outlive its session", () => {
  const ways: Readonly<Record<string, (server: TestServer, ann: Browser) => Promise<unknown>>> = {
    session_revoked: async ({ auth }, ann) => {
      const found = await auth.validate(ann.request("/page"));
      return found.ok && auth.sessions.revoke(found.session.id);
    },
    // The store has lost the session.
    session_expired: async ({ store, auth }, ann) => {
      const found = await auth.validate(ann.request("/page"));
      if (found.ok) await store.sessions.end(found.session.id, null, { reason: "revoked", now: 1 });
      await store.sessions.prune({ userId: null, keep: false, now: 1_800_000_000 });
    },
    // Another browser with the same cookies has rotated twice.
    refresh_token_reused: async ({ clock }, ann) => {
      const owner = ann.copy();
      for (let n = 0; n < 2; n++) {
        clock.advance(100);
        await owner.post("/auth/refresh");
      }
      clock.advance(-200);
    },
  };

  test.each(Object.entries(ways))("%s", async (code, end) => {
    const server = openServer({ revocation: "none" });
    const ann = await server.signedIn();
    await end(server, ann);
    server.clock.advance(NEAR_EXPIRY - 30);
    expect(await server.auth.validate(ann.request("/page"))).toMatchObject({ ok: true, refreshed: false });
    server.clock.advance(30);
    expect(await server.auth.validate(ann.request("/page"))).toMatchObject({ ok: false, code });
  });
});

describe("fresh refuses a live access token", () => {
  test("of a session that the store's clock has expired", async () => {
    let ahead = 0;
    const store = memory();
    const late = wrapped(store, async (operation, call) => {
      const answer = await call();
      const isRow = operation === "sessions.get" && typeof answer === "object" && answer !== null;
      return isRow && "now" in answer ? { ...answer, now: Number(answer.now) + ahead } : answer;
    });
    const { auth, signedIn } = openServer({ store: late, revocation: "none" });
    const ann = await signedIn();
    const validate = (fresh: boolean) => auth.validate(ann.request("/page"), { fresh });
    expect(await validate(true)).toMatchObject({ ok: true });
    ahead = 14 * 24 * 3_600;
    expect(await validate(true)).toMatchObject({ ok: false, code: "session_expired" });
    expect(await validate(false)).toMatchObject({ ok: true });
  });

  test("of a session that the store does not have", async () => {
    const store = memory();
    const ann = await openServer({ store }).signedIn();
    const { auth } = openServer({ store: { ...store, sessions: memory().sessions }, revocation: "none" });
    expect(await auth.validate(ann.request("/page"))).toMatchObject({ ok: true });
    const found = await auth.validate(ann.request("/page"), { fresh: true });
    expect(found).toMatchObject({ ok: false, code: "session_expired" });
  });

  test("of a revoked session, as `revocation: store` does without it", async () => {
    const server = openServer({ revocation: "none" });
    const ann = await server.signedIn();
    const found = await server.auth.validate(ann.request("/page"));
    if (found.ok) await server.store.sessions.end(found.session.id, null, { reason: "revoked", now: 1 });
    const code = "session_revoked";
    expect(await server.auth.validate(ann.request("/page"))).toMatchObject({ ok: true });
    expect(await server.auth.validate(ann.request("/page"), { fresh: true })).toMatchObject({ code });
    const strict = openServer({ store: server.store, clock: server.clock, revocation: "store" });
    expect(await strict.auth.validate(ann.request("/page"))).toMatchObject({ code });
  });
});

describe("a refresh token of a user in another store is refused, with and without `never`,", () => {
  const changes: Readonly<Record<string, (users: Store["users"], id: string) => Promise<unknown>>> = {
    "who is disabled there": (users, id) =>
      users.update(id, { disabledAt: 1 }, { ifVersion: null, raiseVersion: false }),
    "who is deleted there": (users, id) => users.delete(id),
  };

  test.each(Object.entries(changes))("%s", async (_, change) => {
    const { users } = memory();
    const { auth, clock, signedIn } = openServer({ users });
    const ann = await signedIn();
    clock.advance(601);
    const found = await auth.validate(ann.request("/page"), { refresh: "never" });
    expect(found).toMatchObject({ ok: true, refreshed: false });
    if (found.ok) await change(users, found.userId);
    const after = await auth.validate(ann.request("/page"), { refresh: "never" });
    expect(after).toMatchObject({ ok: false, code: "session_revoked" });
    // Nor does it rotate.
    const answer = await ann.post("/auth/refresh");
    expect(answer.headers.getSetCookie().filter((line) => !line.includes("Max-Age=0"))).toEqual([]);
    await expectError(answer, 401, "session_revoked");
  });
});

describe("a live access token of an ended session", () => {
  async function endedAnn(): Promise<{
    readonly server: TestServer;
    readonly ann: Browser;
    readonly other: string;
  }> {
    const server = openServer({ revocation: "none" });
    const ann = await server.signedIn();
    const other = await server.signedIn();
    const found = await server.auth.validate(ann.request("/page"));
    if (found.ok) await server.store.sessions.end(found.session.id, null, { reason: "revoked", now: 1 });
    expect(await server.auth.validate(ann.request("/page"))).toMatchObject({ ok: true });
    return { server, ann, other: sidOf(other.cookie("access")) };
  }

  test("changes nothing by a route", async () => {
    const { server, ann, other } = await endedAnn();
    const answer = await ann.copy().send(`/auth/sessions/${other}`, { method: "DELETE" });
    await expectError(answer, 401, "session_revoked");
    expect(await server.auth.sessions.get(other)).toMatchObject({ endReason: null });
  });

  test.each(["others", "all"])("signs out no other session (%s)", async (scope) => {
    const { server, ann, other } = await endedAnn();
    await expectError(await ann.copy().post("/auth/logout", { scope }), 401, "unauthenticated");
    expect(await server.auth.sessions.get(other)).toMatchObject({ endReason: null });
  });
});

test("a sign-out by an access token alone ends its session", async () => {
  const { auth, store, send } = openServer();
  const { id } = await auth.users.create({ email: "ann@example.com" });
  const { session, accessToken } = await auth.sessions.create(id, { transport: "bearer" });
  const headers = { authorization: `Bearer ${accessToken}` };
  expect((await send("/auth/logout", { method: "POST", headers })).status).toBe(200);
  expect((await store.sessions.get(session.id, 1))?.row).toMatchObject({ endReason: "logout" });
});
