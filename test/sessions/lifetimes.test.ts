import { days, minutes } from "@latchkey/core";
import { describe, expect, test } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { ANN, openServer } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { claimsOf } from "../fixtures/tokens.ts";

for (const { name, make } of stores) {
  describe(name, () => {
    test("A6 one session can have its own lifetimes", async () => {
      const { auth, clock } = openServer({ store: await make() });
      const { id } = await auth.users.create(ANN);
      const short = await auth.sessions.create(id, { accessLifetime: 120, refreshLifetime: 240 });
      expect({ expiresIn: short.expiresIn, expiresAt: short.session.expiresAt }).toEqual({
        expiresIn: 120,
        expiresAt: clock.now() / 1_000 + 240,
      });
      const endless = await auth.sessions.create(id, { refreshLifetime: null });
      expect({ expiresIn: endless.expiresIn, expiresAt: endless.session.expiresAt }).toEqual({
        expiresIn: 600,
        expiresAt: null,
      });
      const long = await auth.sessions.create(id, { refreshLifetime: 200 * 86_400 });
      expect(long.session.expiresAt).toBe(clock.now() / 1_000 + 200 * 86_400);
      const once = await auth.sessions.create(id, { refresh: false, accessLifetime: 30 });
      expect({
        refreshToken: once.refreshToken,
        expiresIn: once.expiresIn,
        cookies: once.headers.getSetCookie().length,
      }).toEqual({ refreshToken: null, expiresIn: 30, cookies: 1 });

      clock.advance(239);
      const kept = await auth.sessions.refresh(short.refreshToken ?? "");
      expect(kept).toMatchObject({ ok: true, outcome: "first", expiresIn: 120 });
      expect(await auth.sessions.verify(once.accessToken)).toMatchObject({ code: "unauthenticated" });
      clock.advance(10 * 365 * 86_400);
      expect((await auth.sessions.refresh(endless.refreshToken ?? "")).ok).toBe(true);
      expect(await auth.sessions.list(id)).toMatchObject([{ id: endless.session.id }]);
    });

    test("A session without an idle expiry keeps the configured maximum lifetime", async () => {
      const refreshToken = { lifetime: null, maxLifetime: days(30) };
      const { auth, clock } = openServer({ store: await make(), refreshToken });
      const { id } = await auth.users.create(ANN);
      const most = clock.now() / 1_000 + days(30);
      for (const lifetimes of [{}, { accessLifetime: 300 }, { accessLifetime: 300, refresh: undefined }]) {
        const { session } = await auth.sessions.create(id, lifetimes as { accessLifetime?: number });
        expect(session.expiresAt).toBe(most);
      }
      const endless = await auth.sessions.create(id, { refreshLifetime: null });
      expect(endless.session.expiresAt).toBeNull();
    });

    test("A6 lifetimes that are invalid or no whole seconds start no session", async () => {
      const { auth } = openServer({ store: await make() });
      const { id } = await auth.users.create(ANN);
      const unsound = [
        { accessLifetime: 119 },
        { accessLifetime: 86_401 },
        { accessLifetime: 600.5 },
        { accessLifetime: Number.NaN, refresh: false },
        { accessLifetime: -1, refresh: false },
        { refreshLifetime: 719 },
        { refreshLifetime: 7_200.5 },
        { refreshLifetime: Number.NaN },
        { refreshLifetime: Number.POSITIVE_INFINITY },
      ] as const;
      for (const options of unsound) {
        const created = auth.sessions.create(id, options);
        await expect(created, JSON.stringify(options)).rejects.toThrow(/^sessions\.create: /);
      }
      expect(await auth.sessions.list(id)).toEqual([]);
    });

    test("A6 with refreshToken: false, a session lasts as long as its access token", async () => {
      const { auth, clock, signedIn } = openServer({ store: await make(), refreshToken: false });
      const ann = await signedIn();
      expect(ann.names()).toEqual(["latchkey.access.3000"]);
      clock.advance(599);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      clock.advance(1);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(false);
      await expectError(await ann.post("/auth/refresh"), 401, "unauthenticated");
    });

    test("T10 a session with the lifetime null does not expire", async () => {
      const { clock, signedIn } = openServer({ store: await make(), refreshToken: { lifetime: null } });
      const ann = await signedIn();
      for (let year = 0; year < 30; year++) {
        clock.advance(365 * 86_400);
        expect((await ann.post("/auth/refresh")).status).toBe(200);
      }
    });

    test("T10 the absolute lifetime ends a session that is in use", async () => {
      const refreshToken = { lifetime: 86_400, maxLifetime: 86_400 * 3 };
      const { auth, clock, signedIn } = openServer({ store: await make(), refreshToken });
      const ann = await signedIn();
      for (let n = 0; n < 5; n++) {
        clock.advance(43_200);
        expect((await ann.post("/auth/refresh")).status).toBe(200);
      }
      const token = ann.cookie("refresh");
      const { exp } = claimsOf(ann.cookie("access"));
      clock.advance(43_199);
      const last = await auth.sessions.refresh(token);
      expect(last.ok && last.expiresIn).toBe(1);
      expect(last.ok && last.session.expiresAt).toBe(clock.now() / 1_000 + 1);
      expect(exp).toBeLessThan(clock.now() / 1_000);
      clock.advance(1);
      expect(await auth.sessions.refresh(token)).toEqual({ ok: false, code: "session_expired" });
    });
  });
}

test("J8 both lifetimes are configured in seconds, with functions such as days(14)", async () => {
  const { auth, clock, signedIn } = openServer({
    accessToken: { lifetime: minutes(5) },
    refreshToken: { lifetime: days(14) },
  });
  const ann = await signedIn();
  const found = await auth.validate(ann.request("/page"));
  expect(found.ok && found.claims.exp - found.claims.iat).toBe(300);
  expect(found.ok && found.session.expiresAt).toBe(clock.now() / 1_000 + 14 * 86_400);
  const idle = ann.copy();
  clock.advance(days(14) - 1);
  expect((await ann.post("/auth/refresh")).status).toBe(200);
  clock.advance(days(14));
  expect(ann.names()).toEqual([]);
  await expectError(await idle.post("/auth/refresh"), 401, "unauthenticated");
});

test("J8 a session expires at the exact second of its idle expiry, whatever the cookie says", async () => {
  const { auth, clock, signedIn } = openServer();
  const ann = await signedIn();
  const token = ann.cookie("refresh");
  clock.advance(days(14));
  expect(await auth.sessions.refresh(token)).toEqual({ ok: false, code: "session_expired" });
});
