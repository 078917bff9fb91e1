import { afterAll, describe, expect, it } from "vitest";
import { noFalseAlarm } from "./properties.ts";
import { CALM, openLedger, showTrace } from "./run.ts";
import { leased } from "./scheme.ts";
import type { Bounds } from "./world.ts";

const ledger = openLedger();
afterAll(() => console.log(ledger.total()));

const STORM: Bounds = { ...CALM, senders: ["browser", "ssr"], parallel: 3, loss: true };
const scheme = leased({ lease: CALM.lease });

describe("P8: a store that returns to an older row causes no alarm for the honest client", () => {
  const WORLDS: Readonly<Record<string, Bounds>> = {
    "with nothing in flight": { ...STORM, restore: "at rest" },
    "with nothing in flight, early confirmation": {
      ...STORM,
      senders: ["browser", "api"],
      restore: "at rest",
    },
    "with one request in flight": { ...STORM, parallel: 1, restore: "any time" },
  };

  it.each(Object.entries(WORLDS))("%s", (title, bounds) => {
    const found = ledger.run(title, scheme, bounds, [noFalseAlarm]);
    expect([...found.broken.keys()]).toEqual([]);
  });

  it("but two requests before and after the rollback can each get a child of one generation", () => {
    const found = ledger.run("two in flight", scheme, { ...STORM, parallel: 2, restore: "any time" }, [
      noFalseAlarm,
    ]);
    const trace = showTrace("A store falls back between two requests:", found, noFalseAlarm, scheme);
    const granted = trace.flatMap(({ judged }) =>
      judged?.answer.kind === "refresh" ? [judged.answer.token] : [],
    );
    expect(trace.at(-1)?.judged?.answer.kind).toBe("alarm");
    expect(new Set(granted.map((token) => token.generation)).size).toBe(1);
    expect(granted).toHaveLength(2);
  });
});
