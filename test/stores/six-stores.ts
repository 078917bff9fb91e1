import type { Store } from "@latchkey/core/store";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe } from "vitest";
import { onEveryStore } from "../fixtures/every-store.ts";
import { bridged } from "./objects-bridge.ts";
import { bundle, workerd } from "./workerd.ts";

/** What runs on a store, by its name. The Worker of D1 knows the names, so that it runs beside its database. */
export type Crowds = Readonly<Record<string, (store: Store) => Promise<unknown>>>;

/** Declares the same tests of crowds on memory, SQLite, Redis, PostgreSQL, Durable Objects and D1. */
export function onSixStores(
  crowds: Crowds,
  declare: (name: string, run: () => Promise<unknown>) => void,
): void {
  const declareAll = (run: (name: string) => Promise<unknown>): void => {
    for (const name of Object.keys(crowds)) declare(name, () => run(name));
  };
  onEveryStore((make) => declareAll(async (name) => crowds[name]?.(await make())));

  describe("Durable Objects", () => {
    let host: Miniflare;
    beforeAll(async () => {
      host = workerd(await bundle("objects"));
      await host.ready;
    });
    afterAll(() => host.dispose());
    declareAll(async (name) => crowds[name]?.(bridged(host, { world: name })));
  });

  describe("D1", () => {
    let host: Miniflare;
    beforeAll(async () => {
      const script = await bundle("d1");
      host = new Miniflare({ modules: true, script, compatibilityDate: "2026-07-01", d1Databases: ["DB"] });
      await host.ready;
    });
    afterAll(() => host.dispose());
    declareAll(async (name) => {
      const answer = await host.dispatchFetch(`http://worker/crowd?name=${encodeURIComponent(name)}`);
      if (!answer.ok) throw new Error(await answer.text());
      return answer.json();
    });
  });
}
