import { describe, expect, it } from "vitest";
import { graceFork, graceNewestWins, sameSuccessor } from "./alternatives.ts";
import { movesOf } from "./moves.ts";
import { play } from "./play.ts";
import { CALM } from "./run.ts";
import { leased, mintToken, type Scheme } from "./scheme.ts";
import { stateKey } from "./state-key.ts";
import { type Bounds, newWorld, type World } from "./world.ts";

const STORM: Bounds = { ...CALM, delay: 1, lease: 3, senders: ["browser", "ssr"], parallel: 2, loss: true };
const EARLY: Bounds = { ...STORM, senders: ["browser", "api"] };

/** From how many worlds of each name the search continues: an impostor may be the grandchild of a twin. */
const TWINS = 3;

/** A world, and everything that can happen next: the next worlds by name, with the move and the answer that lead to each. */
interface Place<Row> {
  readonly next: readonly { readonly key: string; readonly world: World<Row> }[];
  readonly future: string;
}

/** Counts worlds that share their name with another one but not what can happen next. */
function countImpostors<Row>(scheme: Scheme<Row>, bounds: Bounds): { pairs: number; impostors: number } {
  const known = new Map<string, { readonly future: string; twins: number }>();
  const queue = [placeOf(newWorld(scheme, mintToken("T0", 0), bounds), scheme, bounds)];
  let impostors = 0;
  for (const place of queue) {
    for (const { key, world } of place.next) {
      const after = placeOf(world, scheme, bounds);
      const first = known.get(key) ?? { future: after.future, twins: 0 };
      known.set(key, first);
      if (first.future !== after.future) impostors += 1;
      if (first.twins++ < TWINS) queue.push(after);
    }
  }
  return { pairs: queue.length - known.size, impostors };
}

function placeOf<Row>(world: World<Row>, scheme: Scheme<Row>, bounds: Bounds): Place<Row> {
  const next: { readonly key: string; readonly world: World<Row> }[] = [];
  const futures = new Set<string>();
  for (const move of movesOf(world, scheme, bounds)) {
    const { judged, after } = play(world, move, scheme, bounds);
    const key = stateKey(after, scheme, bounds);
    next.push({ key, world: after });
    futures.add(`${move.kind} ${judged?.answer.kind} ${key}`);
  }
  return { next, future: [...futures].sort().join("\n") };
}

describe("states with equal keys have equal futures, so the search visits one of them", () => {
  const lease = STORM.lease;

  it.each<[string, Bounds]>([
    ["loss and reordering", STORM],
    ["three in flight", { ...STORM, parallel: 3 }],
    ["rollback of the jar", { ...STORM, rollback: Number.POSITIVE_INFINITY }],
    ["clocks that differ", { ...STORM, clocks: [0, 2] }],
    ["early confirmation", { ...EARLY, rollback: 1 }],
    ["theft", { ...EARLY, theft: true }],
    ["sign-out", { ...EARLY, parallel: 1, theft: true, signOut: true }],
    ["looks", { ...STORM, senders: ["browser", "page"], lookDelay: 1, looks: 15, theft: true }],
    ["a store that falls back", { ...STORM, restore: "any time" }],
  ])("in leased rotation, %s", (_, bounds) => {
    const rules = bounds.looks === null ? { lease } : { lease, accessLifetime: bounds.looks - 4 * lease };
    const { pairs, impostors } = countImpostors(leased(rules), bounds);
    expect(pairs).toBeGreaterThan(100);
    expect(impostors).toBe(0);
  });

  it("in the other schemes", () => {
    const robbed: Bounds = { ...CALM, delay: 1, lease, theft: true };
    const calm: Bounds = { ...STORM, senders: ["browser"], loss: false };
    expect(countImpostors(graceFork(lease), calm).impostors).toBe(0);
    expect(countImpostors(graceNewestWins(lease), robbed).impostors).toBe(0);
    expect(countImpostors(sameSuccessor(lease), robbed).impostors).toBe(0);
  });

  it("a key that omits too much is found", () => {
    const ageless = { ...leased({ lease }), shape: () => "" };
    expect(countImpostors(ageless, { ...STORM, lease: 1 }).impostors).toBeGreaterThan(0);
  });
});
