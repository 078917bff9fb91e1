import { afterAll, describe, expect, it } from "vitest";
import {
  accessOnlyChangesNothing,
  honestLookIsSeen,
  jarIsKnown,
  looksChangeNothing,
  noFalseAlarm,
  noLookAfter,
  noLootAfter,
  nothingAfter,
  oneChildPerLease,
} from "./properties.ts";
import { CALM, openLedger, showTrace } from "./run.ts";
import { type LeaseRules, leased } from "./scheme.ts";
import type { Bounds } from "./world.ts";

const ledger = openLedger();
const rows: string[] = [];
afterAll(() => {
  const head =
    "| never path | states | false alarm | jar unknown | thief after the bound | look after 2 rotations |";
  console.log([head, "|---|--:|---|---|---|---|", ...rows].join("\n"));
  console.log(ledger.total());
});

/** The model's own bound: `decideLookUp` takes it from the row and the lease, as the store has them. */
function boundOf({ lease, accessLifetime = 0 }: LeaseRules): number {
  return accessLifetime + 4 * lease;
}

const STORM: Bounds = {
  ...CALM,
  delay: 1,
  lookDelay: 1,
  senders: ["browser", "ssr", "page"],
  parallel: 3,
  loss: true,
};

function judge(title: string, rules: LeaseRules, given: Bounds): ReadonlyMap<string, unknown> {
  const bound = boundOf(rules);
  const bounds = { ...given, lease: rules.lease, looks: bound };
  const scheme = leased(rules);
  const alarm = noFalseAlarm;
  const jar = jarIsKnown(scheme);
  const thief = nothingAfter(bound + Math.max(...bounds.clocks));
  const look = noLookAfter(2);
  const found = ledger.run(title, scheme, bounds, [
    alarm,
    jar,
    thief,
    look,
    looksChangeNothing,
    honestLookIsSeen(bound - Math.max(...bounds.clocks)),
    accessOnlyChangesNothing,
    oneChildPerLease(rules.lease - Math.max(...bounds.clocks)),
  ]);
  const cells = [alarm, jar, thief, look].map(({ name }) => {
    const trace = found.broken.get(name);
    return trace === undefined ? "ok" : `X(${trace.length})`;
  });
  rows.push(`| ${[title, found.states.toLocaleString("en-US"), ...cells].join(" | ")} |`);
  return found.broken;
}

const RULES: LeaseRules = { lease: 3, accessLifetime: 6 };
const APART: LeaseRules = { lease: 4, accessLifetime: 8 };

describe("reads and refreshes in any order", () => {
  const WORLDS: Readonly<Record<string, readonly [LeaseRules, Bounds]>> = {
    "an honest client, 4 in flight": [RULES, { ...STORM, parallel: 4 }],
    "an honest client whose looks arrive after two leases": [RULES, { ...STORM, lookDelay: 7 }],
    "an honest client, D=2 W=5": [
      { lease: 5, accessLifetime: 10 },
      { ...STORM, delay: 2, lookDelay: 2 },
    ],
    "an honest client whose jar falls back": [APART, { ...STORM, parallel: 2, rollback: 1 }],
    "an honest client, clocks apart": [APART, { ...STORM, clocks: [0, 1] }],
    "a thief that reads and refreshes": [RULES, { ...STORM, parallel: 2, theft: true }],
  };

  it.each(Object.entries(WORLDS))("keep every property: %s", (title, [rules, bounds]) => {
    expect([...judge(title, rules, bounds).keys()]).toEqual([]);
  });
});

const THIEF: Bounds = { ...STORM, theft: true, thiefOnlyLooks: true };

describe("a thief that only reads", () => {
  it.each([
    ["a thief that only reads", RULES, THIEF],
    ["a thief that only reads, clocks apart", APART, { ...THIEF, parallel: 2, clocks: [0, 1] }],
  ] satisfies readonly (readonly [string, LeaseRules, Bounds])[])(
    "keeps every property: %s",
    (title, rules, bounds) => {
      expect([...judge(title, rules, bounds).keys()]).toEqual([]);
    },
  );

  it("gets answers until the last tick of the bound", () => {
    const bounds = { ...THIEF, lease: RULES.lease, looks: boundOf(RULES) };
    const last = nothingAfter(boundOf(RULES) - 1);
    const found = ledger.run("the last look", leased(RULES), bounds, [last]);
    expect([...found.broken.keys()]).toEqual([last.name]);
  });
});

describe("a broken rule", () => {
  it("without the bound lets a thief that never rotates read forever without an alarm", () => {
    const rules: LeaseRules = { ...RULES, looksForever: true };
    const broken = judge("sabotage: a look without a bound", rules, THIEF);
    expect([...broken.keys()]).toEqual(["a thief without rotation has nothing after the bound"]);
    const bounds = { ...THIEF, lease: rules.lease, looks: boundOf(rules) };
    const property = nothingAfter(boundOf(rules));
    const found = ledger.run("the thief of 13 days", leased(rules), bounds, [property]);
    const trace = showTrace("The thief of 13 days:", found, property, leased(rules));
    expect(trace.map(({ move }) => move.kind).filter((kind) => kind !== "tick")).toEqual([
      "steal",
      "abuse_look",
    ]);
  });

  it("with a read that ends the family ends it for an honest client whose prefetch is late", () => {
    const rules: LeaseRules = { ...RULES, looksAlarm: true };
    const broken = judge("sabotage: a look that raises the alarm", rules, { ...STORM, lookDelay: 7 });
    expect([...broken.keys()]).toContain("no false alarm");
    expect([...broken.keys()]).toContain("a look changes nothing");
  });

  it("a thief that also refreshes still raises the alarm", () => {
    const bounds = { ...STORM, parallel: 2, theft: true, lease: RULES.lease, looks: boundOf(RULES) };
    const found = ledger.run("theft by look and refresh", leased(RULES), bounds, [noLootAfter(2)]);
    expect([...found.broken.keys()]).toEqual([]);
  });
});
