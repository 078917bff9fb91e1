import { afterAll, describe, expect, it } from "vitest";
import { alarmEnds, endIsFinal, noLootAfter, noticedAfter, strangersChangeNothing } from "./properties.ts";
import { CALM, openLedger, showTrace } from "./run.ts";
import { leased } from "./scheme.ts";
import type { Bounds } from "./world.ts";

const ledger = openLedger();
afterAll(() => console.log(ledger.total()));

const THEFT: Bounds = { ...CALM, senders: ["browser", "ssr"], parallel: 3, loss: true, theft: true };
const EARLY: Bounds = { ...THEFT, senders: ["browser", "ssr", "api"], parallel: 2 };

const WORLDS: Readonly<Record<string, Bounds>> = {
  "D=2 W=5, 3 in flight": { ...THEFT, delay: 2, lease: 5 },
  "D=2 W=8, 3 in flight": { ...THEFT, delay: 2, lease: 8 },
  "rollback of the jar": { ...THEFT, delay: 2, lease: 6, parallel: 2, rollback: 1 },
  "clocks W - 2D - 1 apart": { ...THEFT, delay: 2, lease: 6, parallel: 2, clocks: [0, 1] },
  "early confirmation": { ...EARLY, delay: 2, lease: 5, parallel: 3 },
  "early confirmation, rollback": { ...EARLY, delay: 2, lease: 6, rollback: 1 },
};

describe("P3: a thief gets no refresh token after the victim got two in a row", () => {
  it.each(Object.entries(WORLDS))("with %s", (title, bounds) => {
    const scheme = leased({ lease: bounds.lease });
    const properties = [noLootAfter(1), noLootAfter(2), noticedAfter(2)];
    const found = ledger.run(title, scheme, bounds, properties);
    expect([...found.broken.keys()]).toEqual(["no loot after 1"]);
  });

  it("but after one rotation the thief still gets one, so the bound is exact", () => {
    const scheme = leased({ lease: 5 });
    const property = noLootAfter(1);
    const found = ledger.run("tightness", scheme, { ...CALM, loss: true, theft: true }, [property]);
    const last = showTrace("The thief after one rotation of the victim:", found, property, scheme).at(-1);
    expect(last?.judged?.answer).toMatchObject({ kind: "refresh", outcome: "reissued" });
  });
});

describe("P6 and P7: an ended family stays ended, and a client without the family secret changes nothing", () => {
  it.each([
    ["against refresh, sign-out and theft", THEFT],
    ["against early confirmation", EARLY],
  ])("holds %s", (title, bounds) => {
    const scheme = leased({ lease: bounds.lease });
    const properties = [alarmEnds(scheme), endIsFinal(scheme), strangersChangeNothing(bounds.lease)];
    const found = ledger.run(title, scheme, { ...bounds, signOut: true }, properties);
    expect([...found.broken.keys()]).toEqual([]);
  });
});
