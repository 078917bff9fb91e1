import { memory } from "@latchkey/core/memory";
import type { SessionStore } from "@latchkey/core/store";
import { equal, type MakeStore } from "./cases.ts";
import { expectedRotation, perform, type WatchedStep } from "./steps.ts";
import { newWorld, nextStep, observe, seededRandom } from "./world.ts";

/** What `runTrace` takes. */
export interface TraceOptions {
  /** Selects the trace. The same seed gives the same one. */
  readonly seed: number;
  /** How many operations the trace has. */
  readonly steps: number;
  /** Makes the store that is compared with `decide`. */
  readonly makeStore: MakeStore;
}

/** The coverage of a trace: how often it called each operation, and how often each rule of `decide` applied. */
export interface TraceReport {
  readonly steps: number;
  readonly counts: Readonly<Record<string, number>>;
}

interface Failure {
  readonly index: number;
  readonly message: string;
}

const SHRINK_BUDGET = 200_000;

/**
 * Runs one random trace of calls on a store, and compares every answer and every row with `decide`, step by step.
 * Throws with the seed and the shortest failing trace it finds.
 *
 * It calls the store sequentially. The contract tests races.
 */
export async function runTrace({ seed, steps, makeStore }: TraceOptions): Promise<TraceReport> {
  const random = seededRandom(seed);
  const world = newWorld();
  const trace: WatchedStep[] = [];
  const counts: Record<string, number> = {};
  const reference = memory().sessions;
  const { store, close } = await makeStore();
  try {
    for (let index = 0; index < steps; index++) {
      const watched = nextStep(world, random);
      trace.push(watched);
      const message = await compare(reference, store.sessions, watched, counts);
      if (message !== null) throw await failure(seed, trace, { index, message }, makeStore);
      for (const id of watched.watch) observe(world, id, (await reference.get(id, 0))?.row ?? null);
    }
  } finally {
    await close?.();
  }
  return { steps, counts };
}

/** Performs one step on both stores. Returns their difference, or null. */
async function compare(
  reference: SessionStore,
  sessions: SessionStore,
  { step, watch }: WatchedStep,
  counts: Record<string, number> = {},
): Promise<string | null> {
  const before = step.op === "rotate" ? ((await reference.get(step.rotation.id, 0))?.row ?? null) : null;
  const decided = step.op === "rotate" ? expectedRotation(before, step.rotation) : null;
  const kind = decided?.kind ?? step.op;
  counts[kind] = (counts[kind] ?? 0) + 1;
  try {
    const expected = await perform(reference, step);
    if (decided !== null) equal(expected, decided.answer, "the reference");
    equal(await perform(sessions, step), expected, `${step.op} (${kind})`);
    for (const id of watch) {
      equal((await sessions.get(id, 0))?.row, (await reference.get(id, 0))?.row, `row ${id} after ${kind}`);
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return null;
}

async function failure(
  seed: number,
  trace: readonly WatchedStep[],
  { index, message }: Failure,
  makeStore: MakeStore,
): Promise<Error> {
  const shortest = await shrink(trace, makeStore);
  const lines = shortest.steps.map(({ step }, n) => `  ${n + 1}. ${JSON.stringify(step)}`);
  return new Error(
    [
      `seed ${seed}, step ${index + 1}: ${message}`,
      `shortest failing trace found (${shortest.steps.length} of ${trace.length} steps):`,
      ...lines,
      `  -> ${shortest.message ?? message}`,
    ].join("\n"),
  );
}

/** Removes the steps that a failure does not need: first those of other sessions, then one by one. */
async function shrink(
  trace: readonly WatchedStep[],
  makeStore: MakeStore,
): Promise<{ readonly steps: readonly WatchedStep[]; readonly message: string | null }> {
  const last = new Set(trace[trace.length - 1]?.watch ?? []);
  const related = trace.filter(({ watch }) => watch.some((id) => last.has(id)));
  let best: { steps: readonly WatchedStep[]; message: string | null } = { steps: trace, message: null };
  let budget = SHRINK_BUDGET;
  const attempt = async (steps: readonly WatchedStep[]): Promise<void> => {
    budget -= steps.length;
    const found = await replay(steps, makeStore);
    if (found !== null) best = { steps: steps.slice(0, found.index + 1), message: found.message };
  };
  await attempt(related);
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let end = best.steps.length; end > 0 && budget > 0; end -= size) {
      const start = Math.max(0, end - size);
      await attempt([...best.steps.slice(0, start), ...best.steps.slice(end)]);
    }
  }
  return best;
}

async function replay(steps: readonly WatchedStep[], makeStore: MakeStore): Promise<Failure | null> {
  const reference = memory().sessions;
  const { store, close } = await makeStore();
  try {
    for (const [index, watched] of steps.entries()) {
      const message = await compare(reference, store.sessions, watched);
      if (message !== null) return { index, message };
    }
    return null;
  } finally {
    await close?.();
  }
}
