import { createAuth } from "@latchkey/core";
import { describe, expect, test } from "vitest";
import { bodyOf, clearedIn, expectError, memberOf } from "../fixtures/answers.ts";
import { ANN, openServer, SECRET, typesOf } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { claimsOf, kidOf, sidOf } from "../fixtures/tokens.ts";
import { counted } from "../fixtures/wrapped-store.ts";

test("T1 a short access token in JWT form, and a long opaque refresh token", async () => {
  const { signedIn } = openServer();
  const ann = await signedIn();
  const claims = claimsOf(ann.cookie("access"));
  expect(Object.keys(claims).sort()).toEqual(
    "amr aud auth_time context exp iat iss jti session_created session_expires sid sub transport".split(" "),
  );
  expect(Number(claims["exp"]) - Number(claims["iat"])).toBe(600);
  expect(ann.cookie("refresh")).toMatch(/^lkr_[A-Za-z0-9_-]{92}$/);
});

for (const { name, make } of stores) {
  describe(name, () => {
    test("T2 a stolen token that is used after its owner moved on ends the family, and only it", async () => {
      const { auth, clock, events, signedIn } = openServer({ store: await make() });
      const [ann, phone] = [await signedIn(), await signedIn()];
      const thief = ann.copy();
      await ann.post("/auth/refresh");
      clock.advance(60);
      await ann.post("/auth/refresh");
      const caught = await thief.post("/auth/refresh");
      expect([clearedIn(caught.headers).length, thief.names()]).toEqual([2, []]);
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
        expect([answer.status, answer.headers.getSetCookie().length]).toEqual([200, 1]);
      }
      clock.advance(60);
      const again = await ann.post("/auth/refresh");
      expect([again.status, again.headers.getSetCookie().length]).toEqual([200, 2]);
      expect(events).toContainEqual(expect.objectContaining({ type: "session.reissued", age: 60 }));
      expect(typesOf(events)).not.toContain("session.reuse_detected");
    });

    test("T3 what the store holds of a refresh token opens nothing", async () => {
      const { auth, store, clock, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      const token = ann.cookie("refresh");
      const id = sidOf(ann.cookie("access"));
      const row = (await store.sessions.get(id, clock.now() / 1_000))?.row;
      const bytes = Buffer.from(token.slice(4), "base64url");
      const secrets = [bytes.subarray(21, 37), bytes.subarray(37)];
      const dump = JSON.stringify(row);
      for (const secret of secrets) {
        for (const encoding of ["base64url", "base64", "hex"] as const) {
          expect(dump).not.toContain(secret.toString(encoding));
        }
      }
      const hashes = [row?.familyHash ?? "", row?.rootHash ?? ""].map((hash) =>
        Buffer.from(hash, "base64url"),
      );
      expect(hashes.map(({ length }) => length)).toEqual([32, 32]);
      const [family = bytes, root = bytes] = hashes;
      const forged = Buffer.concat([bytes.subarray(0, 21), family.subarray(0, 16), root]);
      const outcome = await auth.sessions.refresh(`lkr_${forged.toString("base64url")}`);
      expect(outcome).toEqual({ ok: false, code: "refresh_token_invalid" });
      expect((await auth.sessions.refresh(token)).ok).toBe(true);
    });

    test("T4 keys are made by themselves, announced, rotated and retired, and no session ends", async () => {
      const { auth, clock, signedIn } = openServer({ store: await make() });
      const ann = await signedIn();
      const first = kidOf(ann.cookie("access"));
      const announced = (await auth.keys.jwks()).keys.map(({ kid }) => kid);
      expect(announced).toEqual([first, expect.any(String)]);
      for (let turn = 0; turn < 3; turn++) {
        clock.advance(10 * 86_400);
        expect((await ann.post("/auth/refresh")).status).toBe(200);
      }
      expect(kidOf(ann.cookie("access"))).toBe(announced[1]);
      clock.advance(2 * 86_400);
      const kept = (await auth.keys.jwks()).keys.map(({ kid }) => kid);
      expect(kept).toEqual([announced[1], expect.any(String)]);
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
    });

    test("T4 rotate() and revoke() by hand", async () => {
      const { auth, signedIn, events } = openServer({ store: await make() });
      const ann = await signedIn();
      const first = kidOf(ann.cookie("access"));
      await auth.keys.rotate();
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      expect(kidOf((await signedIn()).cookie("access"))).not.toBe(first);
      await auth.keys.revoke(first);
      const page = ann.request("/page");
      expect(await auth.validate(page, { refresh: "never" })).toMatchObject({ ok: true, refreshed: false });
      expect(await auth.sessions.verify(ann.cookie("access"))).toMatchObject({ code: "unauthenticated" });
      expect(await auth.validate(page)).toMatchObject({ ok: true, refreshed: true });
      expect(typesOf(events)).toEqual(expect.arrayContaining(["key.created", "key.rotated", "key.revoked"]));
    });

    test("T5 processes share keys without being told to: each accepts the other's tokens at once", async () => {
      const store = await make();
      const one = openServer({ store });
      const [ann, two] = [await one.signedIn(), openServer({ store, clock: one.clock })];
      expect((await two.auth.validate(ann.request("/page"))).ok).toBe(true);
      await two.auth.keys.rotate();
      await two.auth.keys.rotate();
      const bob = await two.signedIn();
      expect((await one.auth.validate(bob.request("/page"))).ok).toBe(true);
    });

    test("T5 many processes that start at once agree on one key ring", async () => {
      const store = await make();
      const worlds = Array.from({ length: 8 }, () => openServer({ store }));
      const sets = await Promise.all(worlds.map(({ auth }) => auth.keys.jwks()));
      expect(new Set(sets.map((set) => JSON.stringify(set))).size).toBe(1);
    });

    test("T6 one row for each signed-in device, however often it refreshes", async () => {
      const { auth, clock, signedIn } = openServer({ store: await make() });
      const [ann] = [await signedIn(), await signedIn()];
      for (let n = 0; n < 20; n++) {
        clock.advance(60);
        await ann.post("/auth/refresh");
      }
      const user = await auth.users.find({ email: ANN.email });
      expect((await auth.sessions.list(user?.id ?? "")).length).toBe(2);
    });

    test("T7 a live access token costs no call to the store, one with revocation: store", async () => {
      const { store, calls } = counted(await make());
      const { auth, signedIn, clock } = openServer({ store });
      const ann = await signedIn();
      calls.length = 0;
      for (let n = 0; n < 10; n++) expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
      expect(calls).toEqual([]);
      const strict = openServer({ store, clock, revocation: "store" });
      await strict.auth.validate(ann.request("/page"));
      calls.length = 0;
      expect((await strict.auth.validate(ann.request("/page"))).ok).toBe(true);
      expect(calls).toEqual(["sessions.get"]);
      await ann.copy().post("/auth/logout");
      expect(await strict.auth.validate(ann.request("/page"))).toMatchObject({ code: "session_revoked" });
      expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
    });

    test("T8 many devices for one user, each with its own session", async () => {
      const { auth, browser } = openServer({ store: await make() });
      await auth.users.create(ANN);
      const devices = await Promise.all(
        Array.from({ length: 25 }, async () => {
          const device = browser();
          return memberOf(await bodyOf(await device.post("/auth/login", ANN)), "session")["id"];
        }),
      );
      const user = await auth.users.find({ email: ANN.email });
      const listed = (await auth.sessions.list(user?.id ?? "")).map(({ id }) => id);
      expect(listed.toSorted()).toEqual(devices.map(String).toSorted());
    });

    test("T10 users stay signed in for as long as you like: with null there is no end", async () => {
      const { clock, signedIn } = openServer({ store: await make(), refreshToken: { lifetime: null } });
      const ann = await signedIn();
      for (let year = 0; year < 30; year++) {
        clock.advance(365 * 86_400);
        expect((await ann.post("/auth/refresh")).status).toBe(200);
      }
    });

    test("T10 the absolute lifetime ends even a busy session", async () => {
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

test("T4 keys of your own: the first signs, all of them verify, none is made", async () => {
  const jwks = await Promise.all(
    ["new", "old"].map(async (kid) => {
      const { privateKey } = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
      const { kty = "", crv = "", x = "", d = "" } = await crypto.subtle.exportKey("jwk", privateKey);
      return { kty, crv, x, d, kid };
    }),
  );
  const before = openServer({ keys: { provided: jwks.slice(1) } });
  const ann = await before.signedIn();
  const { store, clock } = before;
  const { auth, signedIn } = openServer({ store, clock, keys: { provided: jwks } });
  expect((await auth.validate(ann.request("/page"))).ok).toBe(true);
  expect(kidOf((await signedIn()).cookie("access"))).toBe("new");
  expect((await auth.keys.jwks()).keys.map(({ kid }) => kid)).toEqual(["new", "old"]);
  expect(await store.keys.load()).toBeNull();
  await expect(auth.keys.rotate()).rejects.toThrow(/keys\.provided/);
});

test("T11 an error says what to do next", async () => {
  const { store } = openServer();
  const make = (options: object) => () => createAuth({ store, ...options });
  expect(make({ secret: "short" })).toThrow(/openssl rand -base64 32/);
  expect(make({ acessToken: {} })).toThrow(/^acessToken is not an option of createAuth: .*spelling/);
  expect(make({ baseURL: "app.example.com", secret: SECRET })).toThrow(/write an origin such as/);
  expect(make({ refreshToken: { lifetime: "14d" } })).toThrow(/whole seconds/);
});
