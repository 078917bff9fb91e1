import type { SessionRow } from "@latchkey/core/store";
import { afterAll, describe, expect, it } from "vitest";
import type { Property } from "./explore.ts";
import {
  accessOnlyChangesNothing,
  jarIsKnown,
  leaseEnds,
  noFalseAlarm,
  oneChildPerLease,
  strangersChangeNothing,
} from "./properties.ts";
import { CALM, openLedger } from "./run.ts";
import { leased } from "./scheme.ts";
import type { Bounds } from "./world.ts";

const ledger = openLedger();
afterAll(() => console.log(ledger.total()));

/** P1, P2, P4, P5 and P7; where clocks differ, a lease is as much shorter or longer to an onlooker. */
function promisesOf({ lease, clocks }: Bounds): readonly Property<SessionRow>[] {
  const skew = Math.max(...clocks);
  return [
    noFalseAlarm,
    jarIsKnown(leased({ lease })),
    accessOnlyChangesNothing,
    oneChildPerLease(lease - skew),
    leaseEnds(lease + skew),
    strangersChangeNothing(lease),
  ];
}

const STORM: Bounds = { ...CALM, senders: ["browser", "ssr"], parallel: 3, loss: true };
const EARLY: Bounds = { ...STORM, senders: ["browser", "ssr", "api"] };

/** The shortest lease that holds, W = 2D + 1, in growing worlds; then all that may go wrong besides. */
const WORLDS: Readonly<Record<string, Bounds>> = {
  "D=1 W=3, 6 in flight": { ...STORM, delay: 1, lease: 3, parallel: 6 },
  "D=2 W=5, 5 in flight": { ...STORM, delay: 2, lease: 5, parallel: 5 },
  "D=4 W=9, 4 in flight": { ...STORM, delay: 4, lease: 9, parallel: 4 },
  "D=7 W=15, 3 in flight": { ...STORM, delay: 7, lease: 15 },
  "D=2 W=9, 4 in flight": { ...STORM, delay: 2, lease: 9, parallel: 4 },
  "rollback of the jar within W - 2D": { ...STORM, delay: 2, lease: 8, rollback: 3 },
  "clocks W - 2D - 1 apart": { ...STORM, delay: 2, lease: 8, clocks: [0, 1, 2, 3] },
  "rollback and clocks": { ...STORM, delay: 1, lease: 7, clocks: [0, 1, 2], rollback: 2 },
  "early confirmation, D=3 W=7": { ...EARLY, delay: 3, lease: 7 },
  "early confirmation, rollback within W - 2D": { ...EARLY, delay: 2, lease: 7, rollback: 2 },
  "early confirmation, rollback and clocks": { ...EARLY, delay: 1, lease: 5, clocks: [0, 1], rollback: 1 },
  "all of it with slower legs": { ...EARLY, delay: 2, lease: 7, clocks: [0, 1], rollback: 1 },
};

describe("an honest client causes no alarm, its cookies are never outdated, and no answer creates a second child", () => {
  it.each(Object.entries(WORLDS))("with %s", (title, bounds) => {
    const { broken } = ledger.run(title, leased({ lease: bounds.lease }), bounds, promisesOf(bounds));
    expect([...broken.keys()]).toEqual([]);
  });
});
