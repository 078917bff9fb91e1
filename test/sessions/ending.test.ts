import { describe, expect, test } from "vitest";
import { bodyOf, clearedIn, expectError, memberOf } from "../fixtures/answers.ts";
import { ANN, BOB, openServer, type TestServer, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";

async function annOf<C>({ auth }: TestServer<C>): Promise<string> {
  return (await auth.users.create(ANN)).id;
}
async function liveOf<C>({ auth }: TestServer<C>, userId: string): Promise<readonly string[]> {
  return (await auth.sessions.list(userId)).map(({ id }) => id);
}

for (const { name, make } of stores) {
  describe(name, () => {
    test("A7 prune removes an ended session once its last access token has expired", async () => {
      const server = openServer({ store: await make() });
      const { auth, clock } = server;
      const user = await annOf(server);
      const { session } = await auth.sessions.create(user);
      const kept = await auth.sessions.create(user);
      await auth.sessions.revoke(session.id);
      expect(await auth.sessions.prune()).toBe(0);
      clock.advance(600);
      expect(await auth.sessions.prune()).toBe(1);
      expect(await auth.sessions.get(session.id)).toBeNull();
      expect(await liveOf(server, user)).toEqual([kept.session.id]);
    });

    test("A7 keepEnded keeps ended sessions with their end reason for audit", async () => {
      const server = openServer({ store: await make(), sessions: { keepEnded: true } });
      const { auth, clock } = server;
      const { session } = await auth.sessions.create(await annOf(server));
      clock.advance(15 * 86_400);
      expect(await auth.sessions.prune()).toBe(1);
      expect(await auth.sessions.get(session.id)).toMatchObject({ id: session.id, endReason: "expired" });
    });

    test("A8 sessions can be ended one by one, all of a user, all except one, and pruned by user", async () => {
      const server = openServer({ store: await make() });
      const { auth, clock, events } = server;
      const [ann, bob] = [await annOf(server), (await auth.users.create(BOB)).id];
      const create = async (user: string): Promise<string> => (await auth.sessions.create(user)).session.id;
      const [one, two, three, other] = [
        await create(ann),
        await create(ann),
        await create(ann),
        await create(bob),
      ];
      expect({ first: await auth.sessions.revoke(one), second: await auth.sessions.revoke(one) }).toEqual({
        first: true,
        second: false,
      });
      expect(await auth.sessions.revoke("no such session")).toBe(false);
      expect(await auth.sessions.revokeAll(ann, { except: three })).toBe(1);
      expect(await auth.sessions.get(two)).toMatchObject({ endReason: "revoked" });
      expect(await liveOf(server, ann)).toEqual([three]);
      expect(await auth.sessions.revokeAll(ann)).toBe(1);
      expect(await liveOf(server, bob)).toEqual([other]);
      expect(events.filter(({ type }) => type === "session.ended").length).toBe(3);
      await auth.sessions.revokeAll(bob);
      clock.advance(601);
      expect(await auth.sessions.prune({ userId: ann })).toBe(3);
      expect(await auth.sessions.prune()).toBe(1);
    });

    test("S3 logout ends the session in the store and clears both cookies", async () => {
      const { auth, clock, events, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      const thief = ann.copy();
      const id = String(memberOf(await bodyOf(await ann.get("/auth/session")), "session")["id"]);
      const answer = await ann.post("/auth/logout");
      expect({
        status: answer.status,
        cleared: clearedIn(answer.headers).length,
        cookies: ann.names(),
      }).toEqual({ status: 200, cleared: 2, cookies: [] });
      expect(await auth.sessions.get(id)).toMatchObject({
        endReason: "logout",
        endedAt: clock.now() / 1_000,
      });
      await expectError(await thief.post("/auth/refresh"), 401, "session_revoked");
      expect(typesOf(events)).toContain("session.ended");
      expect((await ann.post("/auth/logout")).status).toBe(200);
    });
  });
}

test("J9 logout can leave the access token valid until it expires", async () => {
  const { auth, clock, signedIn } = openServer({ logout: { keepAccessToken: true } });
  const ann = await signedIn();
  const answer = await ann.post("/auth/logout");
  expect(clearedIn(answer.headers).map((line) => line.split("=")[0])).toEqual(["latchkey.refresh.3000"]);
  expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
  expect(await auth.validate(ann.request("/page"), { fresh: true })).toMatchObject({
    code: "session_revoked",
  });
  clock.advance(600);
  expect(await auth.validate(ann.request("/page"))).toMatchObject({ ok: false, code: "unauthenticated" });
});

test("S3 logout clears the cookies of a request without a session", async () => {
  const { browser } = openServer();
  const answer = await browser().post("/auth/logout");
  expect({ status: answer.status, cleared: clearedIn(answer.headers).length }).toEqual({
    status: 200,
    cleared: 2,
  });
});
