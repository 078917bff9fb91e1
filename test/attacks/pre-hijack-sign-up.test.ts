import { type PasswordOptions, password } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import { expectSentTo, whoIs } from "../fixtures/oauth-answers.ts";
import { ANN_THERE } from "../fixtures/providers/stub-provider.ts";
import { ANN, cheapHasher, countOf } from "../fixtures/server.ts";
import { MODES, type Mode, signUpIn, told } from "../fixtures/verified-server.ts";
import { knows, openScene, type Scene, TROJAN } from "./pre-hijacking.ts";

function openModeScene(store: Store, verifyEmail: Mode, options: PasswordOptions = {}): Scene {
  return openScene(store, { password: password({ hasher: cheapHasher, verifyEmail, ...options }) });
}

/** Asserts that neither the password nor the browser of the attacker leads to an account of the victim. */
async function expectShutOut(scene: Scene, attacker: Browser): Promise<void> {
  expect(await knows(scene, TROJAN.password, "cookie")).toBe(false);
  expect((await attacker.get("/auth/me")).status).toBe(401);
  expect((await attacker.post("/auth/refresh")).status).toBe(401);
  expect(await scene.auth.users.find(ANN)).toMatchObject({ email: ANN.email, emailVerified: true });
  expect(countOf(scene, "internal_error")).toBe(0);
}

/** The ways of the victim to the account after the attacker has signed up with their address. */
const WAYS: Readonly<Record<string, (scene: Scene, victim: Browser) => Promise<void>>> = {
  "the link of the attacker's sign-up": async ({ inbox }, victim) => {
    const token = await inbox.token("verify");
    expect(await told(await victim.post("/auth/email/verify", { token }))).toMatchObject({
      status: 200,
      set: [],
      body: { password: "removed" },
    });
  },
  "a link that they ask for": async ({ inbox }, victim) => {
    expect((await victim.post("/auth/email/verify/request", { email: ANN.email })).status).toBe(200);
    const token = await inbox.token("verify");
    expect(await told(await victim.post("/auth/email/verify", { token }))).toMatchObject({
      body: { password: "removed" },
    });
  },
  "a sign-up of their own": async ({ auth, inbox }, victim) => {
    await inbox.clear();
    const answer = await signUpIn(victim);
    if (answer.status === 202) {
      const token = await inbox.token("verify");
      const redeemed = await victim.post("/auth/email/verify", { token });
      expect(await told(redeemed)).toMatchObject({ status: 200, body: { password: "kept" } });
      expect((await victim.get("/auth/me")).status).toBe(200);
      return;
    }
    await expectError(answer, 409, "identifier_taken");
    await auth.users.forgotPassword(ANN.email);
    await auth.users.resetPassword(await inbox.token("reset"), ANN.password);
  },
};

onEveryStore((make) => {
  describe.each(MODES.map((mode) => ({ mode })))("with verifyEmail $mode", ({ mode }) => {
    it.each(Object.keys(WAYS))("the attacker's sign-up leaves nothing after %s", async (way) => {
      const scene = openModeScene(await make(), mode);
      const [attacker, victim] = [scene.browser(), scene.browser()];
      await signUpIn(attacker, TROJAN);
      if (mode === false) await scene.auth.users.requestEmailVerification(ANN.email);
      await WAYS[way]?.(scene, victim);
      await expectShutOut(scene, attacker);
      expect((await attacker.post("/auth/email/verify/request")).status).toBe(401);
      // Another sign-up does not touch the account.
      expect([202, 409]).toContain((await signUpIn(attacker, TROJAN)).status);
      await expectShutOut(scene, attacker);
    });

    it("a sign-in of the victim with a provider is not merged with what the attacker began", async () => {
      const scene = openModeScene(await make(), mode);
      const [attacker, victim] = [scene.browser(), scene.browser()];
      await signUpIn(attacker, TROJAN);
      const answer = await scene.signIn(victim, ANN_THERE);
      if (mode !== "required") {
        expect(await whoIs(victim)).toBeNull();
        expect(await scene.auth.users.find(ANN)).toMatchObject({ emailVerified: false });
        return;
      }
      expectSentTo(answer, "/welcome");
      const token = await scene.inbox.token("verify");
      for (const browser of [attacker, victim]) {
        await expectError(await browser.post("/auth/email/verify", { token }), 400, "mail_token_invalid");
      }
      await expectShutOut(scene, attacker);
      expect(await whoIs(victim)).not.toBeNull();
    });

    it("a mail scanner that follows the link spends and proves nothing", async () => {
      const scene = openModeScene(await make(), mode);
      const attacker = scene.browser();
      await signUpIn(attacker, TROJAN);
      if (mode === false) await scene.auth.users.requestEmailVerification(ANN.email);
      const token = await scene.inbox.token("verify");
      for (const method of ["GET", "HEAD"]) {
        const path = `/auth/email/verify?token=${token}`;
        expect((await scene.browser().send(path, { method })).status).toBe(405);
      }
      expect((await scene.auth.users.find(ANN))?.emailVerified ?? false).toBe(false);
      expect((await scene.browser().post("/auth/email/verify", { token })).status).toBe(200);
      await expectShutOut(scene, attacker);
    });
  });

  it("with every order of sign-ups and requests, only the victim's password can live", async () => {
    const scene = openModeScene(await make(), "required");
    for (const [index, order] of orders(3).entries()) {
      const person = { ...ANN, email: `ann${index}@example.com` };
      const trojan = { ...person, password: TROJAN.password };
      const [attacker, victim] = [scene.browser(), scene.browser()];
      const links: string[] = [];
      for (const step of order) {
        if (step === "victim") await signUpIn(victim, person);
        if (step === "attacker") await signUpIn(attacker, trojan);
        if (step === "request") await attacker.post("/auth/email/verify/request", { email: person.email });
        if (step !== "request" || links.length > 0) links.push(await scene.inbox.token("verify"));
      }
      const newest = links.pop();
      for (const token of links) {
        await expectError(await victim.post("/auth/email/verify", { token }), 400, "mail_token_invalid");
      }
      if (newest === undefined) continue;
      const answer = await told(await victim.post("/auth/email/verify", { token: newest }));
      const isOwn = order.findLast((step) => step !== "request") === "victim";
      expect({ order, ...answer.body }).toMatchObject({ order, password: isOwn ? "kept" : "removed" });
      expect((await victim.get("/auth/me")).status).toBe(isOwn ? 200 : 401);
      expect((await attacker.get("/auth/me")).status).toBe(401);
      expect((await attacker.post("/auth/login", trojan)).status).toBe(401);
      expect((await scene.browser().post("/auth/login", person)).status).toBe(isOwn ? 200 : 401);
    }
  });

  it("with sign-ups and requests at the same time, only the victim's password can live", async () => {
    for (let round = 0; round < 8; round++) {
      const scene = openModeScene(await make(), "required");
      const [attacker, victim] = [scene.browser(), scene.browser()];
      await signUpIn(attacker, TROJAN);
      await Promise.all([
        signUpIn(victim),
        signUpIn(attacker, TROJAN),
        attacker.post("/auth/email/verify/request", { email: ANN.email }),
      ]);
      const tokens = (await scene.inbox.messages()).map((message) =>
        "url" in message && message.url !== null ? new URL(message.url).searchParams.get("token") : null,
      );
      const answers = await Promise.all(tokens.map((token) => victim.post("/auth/email/verify", { token })));
      // One link is the newest, and it is redeemed once.
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400, 400, 400]);
      expect((await attacker.post("/auth/email/verify", { token: tokens.at(-1) })).status).toBe(400);
      await expectShutOut(scene, attacker);
    }
  });

  it("an attacker with the right password of the account they planted is not let in before the proof", async () => {
    const scene = openModeScene(await make(), "required");
    await scene.auth.users.create(TROJAN);
    const attacker = scene.browser();
    await expectError(await attacker.post("/auth/login", TROJAN), 401, "invalid_credentials");
    await expectError(await attacker.post("/auth/email/verify/request"), 401, "unauthenticated");
    expect(countOf(scene, "session.started")).toBe(0);
  });
});

type Step = "victim" | "attacker" | "request";

/** Every order of so many steps. */
function orders(length: number): readonly (readonly Step[])[] {
  if (length === 0) return [[]];
  const steps: readonly Step[] = ["victim", "attacker", "request"];
  return orders(length - 1).flatMap((order) => steps.map((step) => [...order, step]));
}
