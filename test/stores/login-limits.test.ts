import type { Store } from "@latchkey/core/store";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { type CrowdName, type CrowdResult, crowds } from "./login-crowd.ts";
import { bridged } from "./objects-bridge.ts";
import { bundle, workerd } from "./workerd.ts";

/** What 200 sign-ins at once come to, by the default rules: in every store exactly this. */
const EXPECTED: Readonly<Record<CrowdName, CrowdResult>> = {
  "one address": { statuses: { 401: 10, 429: 190 }, hashed: 10, after: [] },
  "200 addresses": { statuses: { 401: 100, 429: 100 }, hashed: 100, after: [200, 200, 429] },
  "copies of a device cookie": { statuses: { 401: 10, 429: 190 }, hashed: 10, after: [200] },
  "right passwords": { statuses: { 401: 10, 429: 190 }, hashed: 10, after: [] },
};

function declare(run: (name: CrowdName) => Promise<unknown>): void {
  for (const name of Object.keys(crowds) as CrowdName[]) {
    it(`of 200 at once with ${name}, as many reach the hasher as the rule says`, async () => {
      expect(await run(name)).toEqual(EXPECTED[name]);
    });
  }
}

describe("sign-ins", () => {
  onEveryStore((make) => declare(async (name) => crowds[name](await make())));

  describe("Durable Objects", () => {
    let host: Miniflare;
    beforeAll(async () => {
      host = workerd(await bundle("objects"));
      await host.ready;
    });
    afterAll(() => host.dispose());
    const store = (world: string): Store => bridged(host, { world });
    declare((name) => crowds[name](store(name)));
  });

  describe("D1", () => {
    let host: Miniflare;
    beforeAll(async () => {
      const script = await bundle("d1");
      host = new Miniflare({ modules: true, script, compatibilityDate: "2026-07-01", d1Databases: ["DB"] });
      await host.ready;
    });
    afterAll(() => host.dispose());
    declare(async (name) => {
      const answer = await host.dispatchFetch(`http://worker/crowd?name=${encodeURIComponent(name)}`);
      if (!answer.ok) throw new Error(await answer.text());
      return answer.json();
    });
  });
});
