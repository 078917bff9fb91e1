import { expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { expectFailed, expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { linkAt, signInAt } from "../fixtures/oauth-server.ts";
import { ANN_THERE, type Person } from "../fixtures/providers/stub-provider.ts";
import { ANN } from "../fixtures/server.ts";
import { CASES, CHOSEN, expectClean, openScene, plant, plantLink } from "./pre-hijacking.ts";
import { modes } from "./session.ts";

/** An account at a provider that lets its users claim any address. */
const CLAIMED: Person = { subject: "attacker", email: ANN.email, emailVerified: false };

onEveryStore((make) => {
  it.each(modes)(
    "a provider's unverified address gives its account neither the address nor the victim's user (%s)",
    async (mode) => {
      const scene = openScene(await make());
      const attacker = scene.browser();
      expectSentTo(await signInAt(scene.other, attacker, CLAIMED), "/welcome");
      const trojan = await whoIs(attacker);
      expect(await scene.auth.users.get(String(trojan))).toMatchObject({ email: null, emailVerified: false });
      const signUp = await scene.browser().post("/auth/signup", { ...ANN, transport: mode });
      const { user } = await signUp.json();
      expect(signUp.status).toBe(201);
      expect(user.id).not.toBe(trojan);
      expect(await scene.auth.users.confirmEmail(user.id)).toBe(true);
      expectFailed(
        await signInAt(scene.other, scene.browser(), { ...CLAIMED, subject: "two" }),
        "account_not_linked",
      );
      expect(await scene.auth.users.accounts(user.id)).toEqual([]);
    },
  );

  it.each(CASES)(
    "an unverified address that is linked to the attacker's account proves nothing, and $title removes it ($mode)",
    async ({ mode, prove }) => {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      await plantLink(scene, CLAIMED);
      expect(await scene.auth.users.get(trojan.id)).toMatchObject({ emailVerified: false });
      expect(await prove(scene, trojan.id)).toBe(true);
      const attacker = scene.browser();
      expectFailed(await signInAt(scene.other, attacker, CLAIMED), "account_not_linked");
      await expectClean(scene, trojan, mode);
    },
  );

  it("a victim that signs in with a provider that has proved the address gets a user of their own", async () => {
    const scene = openScene(await make());
    const [attacker, victim] = [scene.browser(), scene.browser()];
    await signInAt(scene.other, attacker, CLAIMED);
    expectSentTo(await scene.signIn(victim, ANN_THERE), "/welcome");
    const id = String(await whoIs(victim));
    expect(await whoIs(attacker)).not.toBe(id);
    expect(await scene.auth.users.get(id)).toMatchObject({ email: ANN.email, emailVerified: true });
    expectFailed(await linkAt(scene.other, victim, CLAIMED), "account_not_linked", "/settings");
    expect(await scene.auth.users.setPassword(id, CHOSEN)).toBe(true);
  });
});
