import { afterAll, describe, expect, it } from "vitest";
import { accessOnlyChangesNothing, jarIsKnown, leaseEnds, noFalseAlarm } from "./properties.ts";
import { CALM, openLedger, showTrace } from "./run.ts";
import { type LeaseRules, leased } from "./scheme.ts";
import type { Bounds } from "./world.ts";

const ledger = openLedger();
afterAll(() => console.log(ledger.total()));

interface Sabotage {
  readonly rules: LeaseRules;
  readonly bounds: Bounds;
}

const STORM: Bounds = { ...CALM, delay: 2, lease: 5, parallel: 3, loss: true };
const EARLY: Bounds = { ...STORM, senders: ["browser", "api"] };
const APART: Bounds = { ...STORM, clocks: [0, 2] };

/** Each is one step beyond what holds, and the explorer must notice. */
const ALARMING: Readonly<Record<string, Sabotage>> = {
  "no lease, W = 0": { rules: { lease: 0 }, bounds: STORM },
  "a lease of W = 2D": { rules: { lease: 4 }, bounds: STORM },
  "a lease of 2D and the difference of the clocks": { rules: { lease: 6 }, bounds: { ...APART, lease: 6 } },
  "early confirmation after W - 1": { rules: { lease: 5, confirmAfter: 4 }, bounds: EARLY },
  "an access-only answer that carries a generation": { rules: { lease: 5, proves: true }, bounds: EARLY },
  "a jar that falls back W - 2D after the last answer": {
    rules: { lease: 7 },
    bounds: { ...STORM, lease: 7, rollback: 3 },
  },
  "the same with early confirmation": {
    rules: { lease: 7 },
    bounds: { ...EARLY, lease: 7, rollback: 3 },
  },
};

const SOUND: Readonly<Record<string, Sabotage>> = {
  "a lease of W = 2D + 1": { rules: { lease: 5 }, bounds: STORM },
  "a lease of 2D + 1 and the difference of the clocks": {
    rules: { lease: 7 },
    bounds: { ...APART, lease: 7 },
  },
  "early confirmation after W": { rules: { lease: 5 }, bounds: EARLY },
  "a jar that falls back just before W - 2D": {
    rules: { lease: 7 },
    bounds: { ...STORM, lease: 7, rollback: 2 },
  },
  "the same with early confirmation": { rules: { lease: 7 }, bounds: { ...EARLY, lease: 7, rollback: 2 } },
};

describe("P10: leased rotation with a broken rule treats the honest client as a thief", () => {
  it.each(Object.entries(ALARMING))("after %s", (title, { rules, bounds }) => {
    const scheme = leased(rules);
    const found = ledger.run(title, scheme, bounds, [noFalseAlarm]);
    const last = showTrace(`Counterexample, ${title}:`, found, noFalseAlarm, scheme).at(-1);
    expect(last?.move.kind).toBe("arrive");
    expect(last?.judged?.answer.kind).toBe("alarm");
    expect(last?.after.hoard).toBeNull();
  });

  it.each(Object.entries(SOUND))("but not with one step less: %s", (title, { rules, bounds }) => {
    const scheme = leased(rules);
    const found = ledger.run(title, scheme, bounds, [noFalseAlarm, jarIsKnown(scheme)]);
    expect([...found.broken.keys()]).toEqual([]);
  });

  it("a lease that each request extends raises no alarm, but never ends while requests come", () => {
    const scheme = leased({ lease: 5, slides: true });
    const endless = leaseEnds(5);
    const found = ledger.run("a sliding lease", scheme, STORM, [
      noFalseAlarm,
      accessOnlyChangesNothing,
      endless,
    ]);
    showTrace("Counterexample, a sliding lease changes the row:", found, accessOnlyChangesNothing, scheme);
    const last = showTrace("Counterexample, a sliding lease does not end:", found, endless, scheme).at(-1);
    expect([...found.broken.keys()]).toEqual([accessOnlyChangesNothing.name, endless.name]);
    expect(last?.judged?.answer.kind).toBe("access_only");
  });
});
