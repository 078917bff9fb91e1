import { movesOf } from "./moves.ts";
import { play } from "./play.ts";
import { mintToken, type Scheme } from "./scheme.ts";
import { stateKey } from "./state-key.ts";
import { type Bounds, type Move, newWorld, type Step, type World } from "./world.ts";

/** Something that no step of an exploration may do. */
export interface Property<Row> {
  readonly name: string;
  isBroken(step: Step<Row>): boolean;
}

export interface Exploration<Row> {
  readonly states: number;
  readonly seconds: number;
  /** The shortest way to break each property that can be broken, by name. */
  readonly broken: ReadonlyMap<string, readonly Step<Row>[]>;
}

interface Visited {
  readonly keys: Set<string>;
  /** How each state was reached first, in the order of the visits. */
  readonly parents: number[];
  readonly moves: (Move | null)[];
}

/** Visits every reachable world, nearest first, until all are seen or every property is broken. */
export function explore<Row>(
  scheme: Scheme<Row>,
  bounds: Bounds,
  properties: readonly Property<Row>[],
): Exploration<Row> {
  const started = performance.now();
  const start = newWorld(scheme, mintToken("T0", 0), bounds);
  const visited: Visited = { keys: new Set([stateKey(start, scheme, bounds)]), parents: [-1], moves: [null] };
  const broken = new Map<string, readonly Step<Row>[]>();
  let unbroken = [...properties];

  function check(step: Step<Row>, parent: number): void {
    for (const property of unbroken) {
      if (!property.isBroken(step)) continue;
      broken.set(property.name, replay(start, [...pathTo(visited, parent), step.move], scheme, bounds));
      unbroken = unbroken.filter((other) => other !== property);
    }
  }

  let level: World<Row>[] = [start];
  let first = 0;
  while (level.length > 0 && unbroken.length > 0) {
    const next: World<Row>[] = [];
    const base = first;
    first = visited.parents.length;
    level.forEach((world, index) => {
      for (const move of movesOf(world, scheme, bounds)) {
        const step = play(world, move, scheme, bounds);
        check(step, base + index);
        const key = stateKey(step.after, scheme, bounds);
        const known = visited.keys.size;
        if (visited.keys.add(key).size === known) continue;
        visited.parents.push(base + index);
        visited.moves.push(move);
        next.push(step.after);
      }
    });
    level = next;
  }
  return { states: visited.keys.size, seconds: (performance.now() - started) / 1000, broken };
}

function pathTo(visited: Visited, state: number): Move[] {
  const path: Move[] = [];
  for (let at = state; at > 0; at = visited.parents[at] ?? 0) {
    const move = visited.moves[at];
    if (move) path.unshift(move);
  }
  return path;
}

function replay<Row>(
  start: World<Row>,
  path: readonly Move[],
  scheme: Scheme<Row>,
  bounds: Bounds,
): Step<Row>[] {
  const steps: Step<Row>[] = [];
  let world = start;
  for (const move of path) {
    const step = play(world, move, scheme, bounds);
    steps.push(step);
    world = step.after;
  }
  return steps;
}
