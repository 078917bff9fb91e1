import { describe, expect, test } from "vitest";
import { bodyOf, clearedIn, expectError } from "../fixtures/answers.ts";
import { ANN, BOB, openServer, SECRET } from "../fixtures/server.ts";
import { stores } from "../fixtures/stores.ts";
import { familyOf, kidOf, sidOf } from "../fixtures/tokens.ts";

const PRODUCTION = { baseURL: "https://app.example.com", secret: SECRET } as const;

for (const { name, make } of stores) {
  describe(name, () => {
    test("T9 XSS: no script can read a token, and no answer to a page holds one", async () => {
      const { signedIn } = openServer({ ...PRODUCTION, store: await make() });
      const ann = await signedIn();
      for (const path of ["/auth/me", "/auth/session", "/auth/sessions"]) {
        expect(await (await ann.get(path)).text()).not.toMatch(/lkr_|ey[\w-]+\.[\w-]+\.[\w-]+/);
      }
      const refreshed = await ann.post("/auth/refresh");
      expect(refreshed.headers.getSetCookie().every((line) => line.includes("; HttpOnly; "))).toBe(true);
      expect(Object.keys(await bodyOf(refreshed)).sort()).toEqual(["expires_in", "session"]);
    });

    test("T9 session fixation: signing in makes a new family and ends the one the browser had", async () => {
      const { auth, events, browser, signedIn } = openServer({ ...PRODUCTION, store: await make() });
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

    test("T9 a stolen signing key: revoked, it verifies no token, and no user has to sign in again", async () => {
      const { auth, signedIn } = openServer({ ...PRODUCTION, store: await make() });
      const ann = await signedIn();
      const kid = kidOf(ann.cookie("access"));
      await auth.keys.revoke(kid);
      expect((await auth.keys.jwks()).keys.map((key) => key.kid)).not.toContain(kid);
      expect(await auth.sessions.verify(ann.cookie("access"))).toMatchObject({ code: "unauthenticated" });
      expect((await ann.get("/auth/me")).status).toBe(200);
      expect(kidOf(ann.cookie("access"))).not.toBe(kid);
    });

    test("T9 a stolen database: passwords are hashed, private keys sealed, tokens not in it", async () => {
      const { auth, store, signedIn } = openServer({ ...PRODUCTION, store: await make() });
      await signedIn();
      const user = await store.users.find({ email: ANN.email });
      expect(user?.passwordHash).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$[\w+/]+\$[\w+/]{43}$/);
      const ring: unknown = JSON.parse((await store.keys.load())?.document ?? "[]");
      const keys = Array.isArray(ring) ? ring : [];
      expect(keys.length).toBe((await auth.keys.jwks()).keys.length);
      for (const { privateKey } of keys) expect(privateKey).toMatch(/^[\w-]{100,}$/);
    });

    test("T9 hijacking: a stolen cookie that is used ends with an alarm, not with two owners", async () => {
      const { clock, events, signedIn } = openServer({ ...PRODUCTION, store: await make() });
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
  });
}
