import { expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { expectFailed, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { signInAt } from "../fixtures/oauth-server.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { ANN } from "../fixtures/server.ts";
import { CASES, expectClean, isIn, knows, openScene, plant, TROJAN } from "./pre-hijacking.ts";
import { modes } from "./session.ts";

onEveryStore((make) => {
  it.each(modes)(
    "the victim's sign-in with a provider is not merged with the attacker's account (%s)",
    async (mode) => {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      const victim = scene.browser();
      expectFailed(await scene.signIn(victim, ANN_THERE), "account_not_linked");
      expect(await whoIs(victim)).toBeNull();
      expect(await scene.auth.users.accounts(trojan.id)).toEqual([]);
      expect(await scene.auth.users.get(trojan.id)).toMatchObject({ emailVerified: false });
    },
  );

  it.each(CASES)(
    "after $title the provider leads to the account, and the attacker's password does not ($mode)",
    async ({ mode, prove }) => {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      expect(await prove(scene, trojan.id)).toBe(true);
      await expectClean(scene, trojan, mode);
    },
  );

  it.each(modes)(
    "the attacker's sign-up is not merged with the victim's account at a provider (%s)",
    async (mode) => {
      const scene = openScene(await make());
      const victim = scene.browser();
      expectSentTo(await signInAt(scene.stub, victim, ANN_THERE), "/welcome");
      const id = await whoIs(victim);
      const signUp = await scene.browser().post("/auth/signup", { ...TROJAN, transport: mode });
      expect({ status: signUp.status, error: (await signUp.json()).error }).toEqual({
        status: 409,
        error: "identifier_taken",
      });
      expect(await knows(scene, TROJAN.password, mode)).toBe(false);
      expect(await scene.store.users.get(String(id))).toMatchObject({ email: ANN.email, passwordHash: null });
    },
  );

  it.each(modes)(
    "the first proof of the address by the provider removes the attacker's password and sessions (%s)",
    async (mode) => {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      await scene.store.users.link(trojan.id, { provider: "stub", subject: ANN_THERE.subject });
      const victim = scene.browser();
      expectSentTo(await scene.signIn(victim, ANN_THERE), "/welcome");
      expect(await whoIs(victim)).toBe(trojan.id);
      expect({ isIn: await isIn(trojan), knowsPassword: await knows(scene, TROJAN.password, mode) }).toEqual({
        isIn: { byAccess: false, byRefresh: false },
        knowsPassword: false,
      });
    },
  );
});
