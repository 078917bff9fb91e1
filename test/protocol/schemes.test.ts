import { afterAll, expect, it } from "vitest";
import { graceFork, graceNewestWins, sameSuccessor, strict } from "./alternatives.ts";
import { noFalseAlarm, noLootAfter } from "./properties.ts";
import { CALM, openLedger } from "./run.ts";
import { leased, type Scheme } from "./scheme.ts";
import { type Bounds, HORIZON } from "./world.ts";

const ledger = openLedger();
const LEASE = 3;
const BASE: Bounds = { ...CALM, delay: 1, lease: LEASE };

const COLUMNS: Readonly<Record<string, Bounds>> = {
  "sequential + loss": { ...BASE, loss: true },
  "2 parallel": { ...BASE, parallel: 2 },
  "3 parallel + loss + reorder": { ...BASE, parallel: 3, loss: true },
  SSR: { ...BASE, senders: ["browser", "ssr"] },
  rollback: { ...BASE, rollback: Number.POSITIVE_INFINITY },
};

interface Result {
  readonly name: string;
  /** The length of the shortest false alarm in each column, null where there is none. */
  readonly alarms: readonly (number | null)[];
  readonly loot: number;
}

function judge<Row>(scheme: Scheme<Row>): Result {
  const alarms = Object.entries(COLUMNS).map(([column, bounds]) => {
    const { broken } = ledger.run(`${scheme.name}, ${column}`, scheme, bounds, [noFalseAlarm]);
    return broken.get(noFalseAlarm.name)?.length ?? null;
  });
  const counts = Array.from({ length: HORIZON + 1 }, (_, rotations) => noLootAfter(rotations));
  const theft = ledger.run(`${scheme.name}, theft`, scheme, { ...BASE, delay: 0, theft: true }, counts);
  return { name: scheme.name, alarms, loot: theft.broken.size - 1 };
}

function printRow({ name, alarms, loot }: Result): string {
  const cells = alarms.map((length) => (length === null ? "ok" : `X(${length})`));
  return `| ${[name, ...cells, loot === HORIZON ? `${HORIZON} or more` : loot].join(" | ")} |`;
}

const X: unknown = expect.any(Number);
const ok = null;

/** The table of the design: where a false alarm can be reached, and how long the thief stays unnoticed. */
const EXPECTED = [
  { name: "strict", alarms: [X, X, X, X, X], loot: 0 },
  { name: "grace window that forks", alarms: [X, ok, X, X, X], loot: HORIZON },
  { name: "grace window, newest wins", alarms: [X, X, X, X, X], loot: 1 },
  { name: "same successor for everybody", alarms: [ok, ok, ok, ok, ok], loot: HORIZON },
  { name: "leased rotation", alarms: [ok, ok, ok, ok, ok], loot: 1 },
];

afterAll(() => console.log(ledger.total()));

it("no other scheme both spares the honest client and detects the thief", () => {
  const results = [
    judge(strict()),
    judge(graceFork(LEASE)),
    judge(graceNewestWins(LEASE)),
    judge(sameSuccessor(LEASE)),
    judge(leased({ lease: LEASE })),
  ];
  const head = ["scheme", ...Object.keys(COLUMNS), "m"];
  console.log([`| ${head.join(" | ")} |`, ...results.map(printRow)].join("\n"));
  expect(results).toEqual(EXPECTED);
});
