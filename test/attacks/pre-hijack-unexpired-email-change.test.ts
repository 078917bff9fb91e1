import { expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { onEveryStore } from "../fixtures/every-store.ts";
import { begin, beginLink, comeBack, deliver, flowsOf, jarOf } from "../fixtures/oauth-flow.ts";
import { ATTACKER, CASES, expectClean, openScene, plant, plantLink, TROJAN } from "./pre-hijacking.ts";

// No address can be changed yet, so there is no change to leave pending. What can be begun before the proof and finished
// after it are the flows of providers: a link, and the code of a native app.

const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const APP = encodeURIComponent("com.example.app://done");

onEveryStore((make) => {
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
