import { magicLink } from "@latchkey/core";
import { expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import type { Browser } from "../fixtures/browser.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { begin, beginLink, comeBack, deliver, flowsOf, jarOf } from "../fixtures/oauth-flow.ts";
import { signInAt } from "../fixtures/oauth-server.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { ANN, cheapPassword, openSecureServer } from "../fixtures/server.ts";
import {
  ATTACKER,
  CASES,
  CHOSEN,
  expectClean,
  knows,
  openScene,
  plant,
  plantLink,
  type Scene,
  TROJAN,
} from "./pre-hijacking.ts";

// Flows that begin before the proof and end after it: a change of address, and the flows of providers, which are a link and the
// code of a native app.

const EVE = "eve@example.com";

/** The ways in which the victim proves the mailbox. */
const RECOVERIES: Readonly<Record<string, (scene: Scene, inbox: Inbox) => Promise<unknown>>> = {
  "a reset": async ({ auth }, inbox) => {
    await auth.users.forgotPassword(ANN.email);
    await auth.users.resetPassword(await inbox.token("reset"), CHOSEN);
  },
  "a sign-in by a link": async (scene, inbox) => {
    const victim = scene.browser();
    await victim.post("/auth/link", { email: ANN.email });
    await victim.post("/auth/link/confirm", { token: await inbox.token("magic_link") });
  },
  "a sign-in with a provider": async (scene) => {
    const user = await scene.auth.users.find(ANN);
    await scene.store.users.link(user?.id ?? "", { provider: "stub", subject: ANN_THERE.subject });
    await scene.signIn(scene.browser(), ANN_THERE);
  },
  confirmEmail: async ({ auth }) => {
    const user = await auth.users.find(ANN);
    await auth.users.confirmEmail(user?.id ?? "");
  },
};

const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const APP = encodeURIComponent("com.example.app://done");

onEveryStore((make) => {
  it.each(Object.entries(RECOVERIES))(
    "a change of address that was asked for before %s cannot be confirmed after it",
    async (_, recover) => {
      const inbox = openInbox();
      const stubs = [stubProvider(), stubProvider({ id: "other" })] as const;
      const server = openSecureServer({
        store: await make(),
        mail: inbox.mail,
        revocation: "store",
        providers: [cheapPassword(), magicLink(), ...stubs.map(({ provider }) => provider)],
      });
      const signIn: Scene["signIn"] = (browser, person) => signInAt(stubs[0], browser, person);
      const scene: Scene = { ...server, inbox, stub: stubs[0], other: stubs[1], signIn };
      const trojan = await plant(scene, "cookie");
      await trojan.browser.post("/auth/email/change", { email: EVE });
      const token = await inbox.token("change");
      await recover(scene, inbox);
      const confirm = (browser: Browser): Promise<Response> =>
        browser.post("/auth/email/change/confirm", { token });
      await expectError(await confirm(trojan.browser), 401, "session_revoked");
      // The victim may be led to open it, and has the session that it needs.
      const victim = scene.browser();
      await victim.post("/auth/link", { email: ANN.email });
      await victim.post("/auth/link/confirm", { token: await inbox.token("magic_link") });
      await expectError(await confirm(victim), 400, "mail_token_invalid");
      await expect(scene.auth.users.confirmEmailChange(token)).rejects.toMatchObject({
        code: "mail_token_invalid",
      });
      expect((await scene.auth.users.find({ email: EVE }))?.id).not.toBe(trojan.id);
      expect(await scene.auth.users.get(trojan.id)).toMatchObject({ email: ANN.email, emailVerified: true });
      expect(await knows(scene, TROJAN.password, "cookie")).toBe(false);
    },
  );

  it.each(CASES)(
    "a link that began before $title cannot be finished after it ($mode)",
    async ({ mode, prove }) => {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      const browser = await scene.signedIn(TROJAN);
      const arrival = scene.other.agree(await beginLink(browser, "other"), ATTACKER);
      const [flows, whole] = [flowsOf(browser), jarOf(browser)];
      expect(await prove(scene, trojan.id)).toBe(true);
      await expectError(await deliver(scene, arrival, whole), 400, "oauth_state_invalid");
      await expectError(await deliver(scene, arrival, flows), 400, "oauth_state_invalid");
      await expectClean(scene, trojan, mode);
    },
  );

  it.each(CASES)(
    "a native app's code from before $title cannot be redeemed after it ($mode)",
    async ({ mode, prove }) => {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      await plantLink(scene);
      const browser = scene.browser();
      const path = `/auth/oauth/other?transport=bearer&code_challenge=${CHALLENGE}&redirect_to=${APP}`;
      const start = await browser.get(path);
      const arrival = scene.other.agree(start.headers.get("location") ?? "", ATTACKER);
      const back = new URL((await comeBack(browser, arrival)).headers.get("location") ?? "");
      expect(await prove(scene, trojan.id)).toBe(true);
      const body = { code: back.searchParams.get("code"), code_verifier: VERIFIER };
      await expectError(await browser.post("/auth/oauth/exchange", body), 400, "oauth_state_invalid");
      await expectClean(scene, trojan, mode);
    },
  );

  it.each(CASES)(
    "a sign-in that began before $title creates a separate user after it ($mode)",
    async ({ mode, prove }) => {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      await plantLink(scene);
      const browser = scene.browser();
      const arrival = scene.other.agree(await begin(browser, "other"), ATTACKER);
      expect(await prove(scene, trojan.id)).toBe(true);
      await comeBack(browser, arrival);
      await expectClean(scene, trojan, mode);
    },
  );
});
