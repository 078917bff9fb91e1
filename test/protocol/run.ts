import { type Exploration, explore, type Property } from "./explore.ts";
import type { Scheme } from "./scheme.ts";
import { printTrace } from "./trace.ts";
import type { Bounds, Step } from "./world.ts";

/** One honest browser that loses nothing: what the runs start from. */
export const CALM: Bounds = {
  delay: 2,
  lease: 5,
  senders: ["browser"],
  parallel: 1,
  loss: false,
  rollback: null,
  clocks: [0],
  theft: false,
  looks: null,
  lookDelay: 0,
  thiefOnlyLooks: false,
  signOut: false,
  restore: "never",
};

export interface Ledger {
  readonly run: <Row>(
    title: string,
    scheme: Scheme<Row>,
    bounds: Bounds,
    properties: readonly Property<Row>[],
  ) => Exploration<Row>;
  readonly total: () => string;
}

/** Explores, prints what every run took, and adds up. */
export function openLedger(): Ledger {
  let states = 0;
  let seconds = 0;
  return {
    run(title, scheme, bounds, properties) {
      const found = explore(scheme, bounds, properties);
      states += found.states;
      seconds += found.seconds;
      console.log(`${title}: ${count(found.states)} states, ${found.seconds.toFixed(1)} s`);
      return found;
    },
    total: () => `total: ${count(states)} states, ${seconds.toFixed(1)} s`,
  };
}

/** Prints the shortest way to break a property, and returns it. */
export function showTrace<Row>(
  title: string,
  found: Exploration<Row>,
  property: Property<Row>,
  scheme: Scheme<Row>,
): readonly Step<Row>[] {
  const trace = found.broken.get(property.name) ?? [];
  console.log(`${title}\n${printTrace(trace, scheme)}`);
  return trace;
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}
