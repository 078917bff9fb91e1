import type { Store } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { type Death, deathsWithin, mortal } from "../fixtures/mortal-store.ts";
import { whoIs } from "../fixtures/oauth-answers.ts";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { linkAt, signInAt } from "../fixtures/oauth-server.ts";

import { wrapped } from "../fixtures/wrapped-store.ts";
import { migrated, open } from "../stores/files.ts";
import {
  ATTACKER,
  CASES,
  CHOSEN,
  expectClean,
  isIn,
  knows,
  openScene,
  PROOFS,
  plant,
  plantLink,
  type Scene,
  TROJAN,
  type Trojan,
} from "./pre-hijacking.ts";
import { modes } from "./session.ts";

onEveryStore((make) => {
  it.each(CASES)("$title removes the links that were made before it ($mode)", async ({ mode, prove }) => {
    const scene = openScene(await make());
    const trojan = await plant(scene, mode);
    await plantLink(scene);
    await plantLink(scene, { ...ATTACKER, subject: "attacker two" });
    expect(await prove(scene, trojan.id)).toBe(true);
    await expectClean(scene, trojan, mode);
    expect(scene.events.filter(({ type }) => type === "account.unlinked")).toHaveLength(2);
  });

  it.each(modes)(
    "setPassword without a proof keeps links, and unlink removes them with their sessions (%s)",
    async (mode) => {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      await plantLink(scene);
      await scene.auth.users.setPassword(trojan.id, CHOSEN);
      const attacker = scene.browser();
      await signInAt(scene.other, attacker, ATTACKER);
      expect(await whoIs(attacker)).toBe(trojan.id);
      expect(await scene.auth.users.unlink(trojan.id, "stub")).toBe(false);
      expect(await whoIs(attacker)).toBe(trojan.id);
      expect(await scene.auth.users.unlink(trojan.id, "other")).toBe(true);
      expect(await whoIs(attacker)).toBeNull();
      expect(await isIn(trojan)).toEqual({ byAccess: false, byRefresh: false });
      expect(await scene.auth.users.accounts(trojan.id)).toEqual([]);
      await signInAt(scene.other, attacker, ATTACKER);
      expect(await whoIs(attacker)).not.toBe(trojan.id);
      expect(await scene.auth.users.unlink("unknown", "other")).toBe(false);
    },
  );

  it.each(CASES)("the attacker gains nothing by acting during $title ($mode)", async ({ mode, prove }) => {
    for (let round = 0; round < 3; round++) {
      const scene = openScene(await make());
      const trojan = await plant(scene, mode);
      await plantLink(scene);
      const linking = await scene.signedIn(TROJAN);
      const signingIn = scene.browser();
      const arrival = scene.other.agree(await begin(signingIn, "other"), ATTACKER);
      await Promise.all([
        linkAt(scene.other, linking, { ...ATTACKER, subject: "late" }).catch(() => undefined),
        comeBack(signingIn, arrival),
        prove(scene, trojan.id),
      ]);
      expect(await whoIs(linking)).toBeNull();
      expect(await whoIs(signingIn)).not.toBe(trojan.id);
      await expectClean(scene, trojan, mode);
    }
  });
});

describe("an unlink that is rolled back", () => {
  it("restores no link that a proof removed during it", async () => {
    const store = await migrated(open(":memory:"));
    const paused: { run: (() => Promise<unknown>) | null } = { run: null };
    const scene = openScene(
      wrapped(store, async (operation, call) => {
        const result = await call();
        const { run } = paused;
        if (operation === "users.unlink" && run !== null) {
          paused.run = null;
          await run();
        }
        return result;
      }),
    );
    const trojan = await plant(scene, "cookie");
    await plantLink(scene);
    const browser = await scene.signedIn(TROJAN);
    paused.run = () => scene.auth.users.confirmEmail(trojan.id);
    await browser.send("/auth/oauth/other/link", { method: "DELETE" });
    await expectClean(scene, trojan, "cookie");
  });
});

/** What a crash may leave: with a verified address, no method of the attacker. */
async function expectSafe(scene: Scene, { id }: Trojan): Promise<void> {
  const user = await scene.auth.users.get(id);
  const links = await scene.auth.users.accounts(id);
  if (user?.emailVerified !== true) return;
  expect(links).toEqual([]);
  expect(await scene.auth.sessions.list(id)).toEqual([]);
  expect(await knows(scene, TROJAN.password, "cookie")).toBe(false);
}

describe.each(Object.entries(PROOFS))(
  "%s in a process that is killed between any two statements",
  (_, prove) => {
    it("leaves no method of the attacker with a verified address, and can be repeated", async () => {
      const play = async (store: Store, death: Death | null): Promise<number> => {
        const first = openScene(store);
        const trojan = await plant(first, "cookie");
        await plantLink(first);
        await plantLink(first, { ...ATTACKER, subject: "attacker two" });
        const mortalStore = mortal(store, death);
        const doomed = openScene(mortalStore.store, { storeTimeout: 1 });
        const running = prove(doomed, trojan.id).catch(() => undefined);
        await (death === null ? running : Promise.race([running, mortalStore.died]));
        const later = openScene(store);
        await expectSafe(later, trojan);
        expect(await prove(later, trojan.id)).toBe(true);
        await expectClean(later, trojan, "cookie");
        return mortalStore.calls();
      };
      const calls = await play(await migrated(open(":memory:")), null);
      expect(calls).toBeGreaterThan(8);
      for (const death of deathsWithin(calls)) {
        await play(await migrated(open(":memory:")), death).catch((error: unknown) => {
          throw new Error(`${death.manner} at call ${death.at} of ${calls}, ${death.moment}`, {
            cause: error,
          });
        });
      }
    });
  },
);
