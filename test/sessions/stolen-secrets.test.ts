import { describe, expect, test } from "vitest";
import { bodyOf, expectError } from "../fixtures/answers.ts";
import { ANN, BOB, openSecureServer, openServer } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { claimsOf, familyOf, sidOf } from "../fixtures/tokens.ts";

for (const { name, make } of stores) {
  describe(name, () => {
    test("T9 a script can read no token, and no answer to a page holds one", async () => {
      const { signedIn } = openSecureServer({ store: await make() });
      const ann = await signedIn();
      for (const path of ["/auth/me", "/auth/session", "/auth/sessions"]) {
        expect(await (await ann.get(path)).text()).not.toMatch(/lkr_|ey[\w-]+\.[\w-]+\.[\w-]+/);
      }
      const refreshed = await ann.post("/auth/refresh");
      expect(refreshed.headers.getSetCookie().every((line) => line.includes("; HttpOnly; "))).toBe(true);
      expect(Object.keys(await bodyOf(refreshed)).sort()).toEqual(["expires_in", "session"]);
    });

    test("T9 a sign-in starts a new session, and ends the one that the browser had", async () => {
      const { auth, events, browser, signedIn } = openSecureServer({ store: await make() });
      const attacker = await signedIn(BOB);
      await auth.users.create(ANN);
      const victim = attacker.copy();
      const [sid, family] = [sidOf(victim.cookie("access")), familyOf(victim.cookie("refresh"))];
      expect((await victim.post("/auth/login", { ...ANN, sid, session: { id: sid } })).status).toBe(200);
      expect(sidOf(victim.cookie("access"))).not.toBe(sid);
      expect(familyOf(victim.cookie("refresh"))).not.toBe(family);
      await expectError(await attacker.post("/auth/refresh"), 401, "session_revoked");
      const replaced = { type: "session.ended", sessionId: sid, reason: "replaced" };
      expect(events).toContainEqual(expect.objectContaining(replaced));
      expect((await browser().get("/auth/me", { cookie: `sid=${sid}` })).status).toBe(401);
    });

    test("T9 a stolen database holds hashed passwords, sealed private keys and no tokens", async () => {
      const { auth, store, signedIn } = openSecureServer({ store: await make() });
      await signedIn();
      const user = await store.users.find({ email: ANN.email });
      expect(user?.passwordHash).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$[\w+/]+\$[\w+/]{43}$/);
      const ring: unknown = JSON.parse((await store.keys.load())?.document ?? "[]");
      const keys = Array.isArray(ring) ? ring : [];
      expect(keys.length).toBe((await auth.keys.jwks()).keys.length);
      for (const { privateKey } of keys) expect(privateKey).toMatch(/^[\w-]{100,}$/);
    });

    test("T3 the digest that the store holds is no valid refresh token", async () => {
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
  });
}

test("T1 the access token is a short-lived JWT, and the refresh token a long opaque text", async () => {
  const { signedIn } = openServer();
  const ann = await signedIn();
  const claims = claimsOf(ann.cookie("access"));
  expect(Object.keys(claims).sort()).toEqual(
    "amr aud auth_time context exp iat iss jti session_created session_expires sid sub transport".split(" "),
  );
  expect(Number(claims["exp"]) - Number(claims["iat"])).toBe(600);
  expect(ann.cookie("refresh")).toMatch(/^lkr_[A-Za-z0-9_-]{92}$/);
});
