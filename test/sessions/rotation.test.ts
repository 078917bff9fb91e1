import type { AuthEvent } from "@latchkey/core";
import { describe, expect, test } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import { ANN, BOB, openServer, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { sidOf } from "../fixtures/tokens.ts";
import { migrated, open, temporaryFile } from "../stores/files.ts";

test("B1 a store that lost its newest writes cries no thief: the token is refused, with an event of its own", async () => {
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

for (const { name, make } of stores) {
  describe(name, () => {
    test("B1 parallel requests of one browser: one new refresh token, the rest work on access tokens", async () => {
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

    test("B1 within the lease a thief gets an access token only; its next refresh is the alarm", async () => {
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

    test("B1 where no cookie can be set, nothing is rotated and nothing written", async () => {
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
      expect([head.status, head.headers.getSetCookie(), await head.text()]).toEqual([200, [], ""]);
      expect(await row()).toEqual(before);
    });

    test("B1 early confirmation makes the newest token the root, one lease after it was issued", async () => {
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

    test("B1 early confirmation trusts no access token that came without a refresh token", async () => {
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

    test("B1 a clock that jumps back an hour neither freezes the rotation nor cries thief", async () => {
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

    test("B9 devices are listed for their owner; only the owner can sign each of them out", async () => {
      const server = openServer({ store: await make() });
      const [laptop, phone] = [await server.signedIn(), await server.signedIn()];
      const bob = await server.signedIn(BOB);
      const listed = await bodyOf(await laptop.get("/auth/sessions"));
      const [mine, other] = [sidOf(laptop.cookie("access")), sidOf(phone.cookie("access"))];
      const shared = {
        device: { userAgent: "browser", address: null },
        context: {},
        createdAt: expect.any(Number),
        refreshedAt: expect.any(Number),
        expiresAt: expect.any(Number),
      };
      expect(listed).toEqual({
        sessions: [
          { id: other, current: false, ...shared },
          { id: mine, current: true, ...shared },
        ],
      });
      for (const id of [other, "AAAAAAAAAAAAAAAAAAAAAA", "x"]) {
        await expectError(await bob.send(`/auth/sessions/${id}`, { method: "DELETE" }), 404, "not_found");
      }
      expect((await laptop.send(`/auth/sessions/${other}`, { method: "DELETE" })).status).toBe(204);
      expect(laptop.names().length).toBe(2);
      await expectError(await phone.post("/auth/refresh"), 401, "session_revoked");
      await expectError(await laptop.send(`/auth/sessions/${other}`, { method: "DELETE" }), 404, "not_found");
      const own = await laptop.send(`/auth/sessions/${mine}`, { method: "DELETE" });
      expect([own.status, laptop.names()]).toEqual([204, []]);
      expect((await bob.get("/auth/me")).status).toBe(200);
    });

    test("B10 everything that happens is an event of a closed union, with its time", async () => {
      const { auth, clock, events, signedIn, browser } = openServer({ store: await make() });
      const at = clock.now() / 1_000;
      const ann = await signedIn();
      await browser().post("/auth/login", { ...ANN, password: "wrong password" });
      await ann.post("/auth/refresh");
      await ann.post("/auth/logout");
      const user = String((await auth.users.find({ email: ANN.email }))?.id);
      await auth.users.setPassword(user, "another long password");
      await auth.users.disable(user);
      await auth.users.enable(user);
      await auth.users.delete(user);
      expect(typesOf(events)).toEqual([
        "user.created",
        "key.created",
        "key.created",
        "session.started",
        "sign_in.failed",
        "session.refreshed",
        "session.ended",
        "user.password_changed",
        "user.disabled",
        "user.enabled",
        "user.deleted",
      ] satisfies AuthEvent["type"][]);
      expect(events.every((event) => event.at === at)).toBe(true);
    });

    test("B10 an onEvent that throws, rejects or never resolves has no effect", async () => {
      const sinks = [
        (): never => {
          throw new Error("sink");
        },
        () => Promise.reject(new Error("sink")),
        () => new Promise<never>(() => undefined),
      ];
      for (const onEvent of sinks) {
        const { signedIn } = openServer({ store: await make(), onEvent });
        const ann = await signedIn();
        expect((await ann.post("/auth/refresh")).status).toBe(200);
        expect((await ann.post("/auth/logout")).status).toBe(200);
      }
    });
  });
}
