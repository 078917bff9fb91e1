import { describe, expect, test } from "vitest";
import { bodyOf, clearedIn, expectError } from "../fixtures/answers.ts";
import { ANN, openSecureServer, openServer, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { sidOf } from "../fixtures/tokens.ts";
import { migrated, open, temporaryFile } from "../stores/files.ts";

for (const { name, make } of stores) {
  describe(name, () => {
    test("B1 parallel requests of one browser get one new refresh token, and the rest get access tokens", async () => {
      const { auth, clock, events, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      clock.advance(601);
      const requests = Array.from({ length: 20 }, () => auth.validate(ann.request("/page")));
      const found = await Promise.all(requests);
      expect(found.every((validation) => validation.ok)).toBe(true);
      const lines = found.map(({ headers }) => headers.getSetCookie().length);
      expect(lines.toSorted()).toEqual([...Array.from({ length: 19 }, () => 1), 2]);
      const outcomes = events.flatMap((event) => (event.type === "session.refreshed" ? [event.outcome] : []));
      expect(outcomes.toSorted()).toEqual([...Array.from({ length: 19 }, () => "access_only"), "first"]);
    });

    test("B1 a thief gets an access token only within the lease, and its next refresh raises the alarm", async () => {
      const { clock, events, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      const thief = ann.copy();
      await ann.post("/auth/refresh");
      expect((await thief.post("/auth/refresh")).headers.getSetCookie().length).toBe(1);
      clock.advance(60);
      expect((await thief.post("/auth/refresh")).headers.getSetCookie().length).toBe(2);
      clock.advance(1);
      expect((await bodyOf(await ann.post("/auth/refresh")))["error"]).toBe("refresh_token_reused");
      expect((await bodyOf(await thief.post("/auth/refresh")))["error"]).toBe("session_revoked");
      expect(typesOf(events).filter((type) => type === "session.reuse_detected").length).toBe(1);
    });

    test("B1 where no cookie can be set, nothing rotates and nothing is written", async () => {
      const { auth, store, clock, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      const id = sidOf(ann.cookie("access"));
      clock.advance(601);
      const row = async (): Promise<unknown> => (await store.sessions.get(id, clock.now() / 1_000))?.row;
      const before = await row();
      const found = await auth.validate(ann.request("/page"), { refresh: "never" });
      expect(found).toMatchObject({ ok: true, refreshed: false, session: { id } });
      expect([...found.headers]).toEqual([]);
      const head = await ann.send("/auth/me", { method: "HEAD" });
      expect({ status: head.status, cookies: head.headers.getSetCookie(), text: await head.text() }).toEqual({
        status: 200,
        cookies: [],
        text: "",
      });
      expect(await row()).toEqual(before);
    });

    test("B1 early confirmation makes the newest token the root, a lease after its issue", async () => {
      const { auth, clock, events, signedIn } = openServer({
        store: await make(),
        sessions: { confirm: "early" },
      });
      const ann = await signedIn();
      const thief = ann.copy();
      await ann.post("/auth/refresh");
      clock.advance(60);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      expect((await bodyOf(await thief.post("/auth/refresh")))["error"]).toBe("refresh_token_reused");
      expect(typesOf(events)).toContain("session.reuse_detected");
    });

    test("B1 early confirmation ignores an access token without a refresh token", async () => {
      const { auth, clock, events, signedIn } = openServer({
        store: await make(),
        sessions: { confirm: "early" },
      });
      const ann = await signedIn();
      await ann.copy().post("/auth/refresh");
      expect((await ann.post("/auth/refresh")).headers.getSetCookie().length).toBe(1);
      clock.advance(60);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      expect((await ann.post("/auth/refresh")).headers.getSetCookie().length).toBe(2);
      expect(typesOf(events)).toContain("session.reissued");
      expect(typesOf(events)).not.toContain("session.reuse_detected");
    });

    test("B1 a clock that jumps back an hour neither stops the rotation nor raises an alarm", async () => {
      const { auth, clock, events, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      await ann.post("/auth/refresh");
      clock.advance(-3_600);
      expect((await auth.validate(ann.request("/page"), { refresh: "never" })).ok).toBe(true);
      expect((await ann.post("/auth/refresh")).headers.getSetCookie().length).toBe(2);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      expect((await ann.post("/auth/refresh")).headers.getSetCookie().length).toBe(1);
      expect(typesOf(events)).not.toContain("session.reuse_detected");
    });

    test("A3 refreshes have a minimum interval and a maximum age", async () => {
      const refreshToken = { lease: 30, lifetime: 3_600, maxLifetime: 7_200 };
      const server = openServer({ store: await make(), refreshToken });
      const ann = await server.signedIn();
      const issued = async (): Promise<number> =>
        (await ann.post("/auth/refresh")).headers.getSetCookie().length;
      expect(await issued()).toBe(2);
      server.clock.advance(29);
      expect(await issued()).toBe(1);
      server.clock.advance(1);
      expect(await issued()).toBe(2);
      for (const wait of [3_000, 3_000]) {
        server.clock.advance(wait);
        expect(await issued()).toBe(2);
      }
      const token = ann.cookie("refresh");
      server.clock.advance(7_200 - 6_030);
      expect(await server.auth.sessions.refresh(token)).toEqual({ ok: false, code: "session_expired" });
    });

    test("T9 the use of a stolen cookie raises an alarm and ends the session", async () => {
      const { clock, events, signedIn } = openSecureServer({ store: await make() });
      const ann = await signedIn();
      const thief = ann.copy();
      clock.advance(3_600);
      expect((await thief.post("/auth/refresh")).status).toBe(200);
      clock.advance(60);
      expect((await thief.post("/auth/refresh")).status).toBe(200);
      const noticed = await ann.post("/auth/refresh");
      expect(clearedIn(noticed.headers).length).toBe(2);
      await expectError(noticed, 401, "refresh_token_reused");
      await expectError(await thief.post("/auth/refresh"), 401, "session_revoked");
      expect(events.filter(({ type }) => type === "session.reuse_detected").length).toBe(1);
    });

    test("T2 the use of a stolen token after its owner rotated it ends the family, and no other", async () => {
      const { auth, clock, events, signedIn } = openServer({ store: await make() });
      const [ann, phone] = [await signedIn(), await signedIn()];
      const thief = ann.copy();
      await ann.post("/auth/refresh");
      clock.advance(60);
      await ann.post("/auth/refresh");
      const caught = await thief.post("/auth/refresh");
      expect({ cleared: clearedIn(caught.headers).length, cookies: thief.names() }).toEqual({
        cleared: 2,
        cookies: [],
      });
      await expectError(caught, 401, "refresh_token_reused");
      const alarms = events.filter(({ type }) => type === "session.reuse_detected");
      expect(alarms).toEqual([expect.objectContaining({ generation: 2, presentedGeneration: 0 })]);
      await expectError(await ann.post("/auth/refresh"), 401, "session_revoked");
      expect((await phone.post("/auth/refresh")).status).toBe(200);
      const fresh = await auth.validate(phone.request("/page"), { fresh: true });
      expect(fresh.ok).toBe(true);
    });

    test("T2 lost answers, retries and parallel tabs raise no alarm", async () => {
      const { clock, events, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      const lost = ann.copy();
      await lost.post("/auth/refresh");
      for (let retry = 0; retry < 5; retry++) {
        const answer = await ann.post("/auth/refresh");
        expect({ status: answer.status, cookies: answer.headers.getSetCookie().length }).toEqual({
          status: 200,
          cookies: 1,
        });
      }
      clock.advance(60);
      const again = await ann.post("/auth/refresh");
      expect({ status: again.status, cookies: again.headers.getSetCookie().length }).toEqual({
        status: 200,
        cookies: 2,
      });
      expect(events).toContainEqual(expect.objectContaining({ type: "session.reissued", age: 60 }));
      expect(typesOf(events)).not.toContain("session.reuse_detected");
    });

    test("T6 each signed-in device has one row, after any number of refreshes", async () => {
      const { auth, clock, signedIn } = openServer({ store: await make() });
      const [ann] = [await signedIn(), await signedIn()];
      for (let n = 0; n < 20; n++) {
        clock.advance(60);
        await ann.post("/auth/refresh");
      }
      const user = await auth.users.find({ email: ANN.email });
      expect((await auth.sessions.list(user?.id ?? "")).length).toBe(2);
    });
  });
}

test("B1 a store that lost its newest writes raises no alarm: the token is refused with the event session.rolled_back", async () => {
  const [database, backup] = [open(":memory:"), temporaryFile()];
  const { clock, signedIn } = openServer({ store: await migrated(database) });
  const ann = await signedIn();
  database.exec(`VACUUM INTO '${backup}'`);
  await ann.post("/auth/refresh");
  const restored = openServer({ store: await migrated(open(backup)), clock });
  const later = ann.copy(restored.auth);
  clock.advance(60);
  expect((await bodyOf(await later.post("/auth/refresh")))["error"]).toBe("refresh_token_invalid");
  const lost = { type: "session.rolled_back", generation: 0, presentedGeneration: 1 };
  expect(restored.events).toEqual([expect.objectContaining(lost)]);
});
