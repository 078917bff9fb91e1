/** One call that the bench repeats. */
export interface Path {
  readonly name: string;
  /** Makes what the next calls use up, such as requests with a body. Its time does not count. */
  readonly prepare?: (calls: number) => Promise<void>;
  readonly run: () => unknown;
}

/** A path is warm after so many calls, or so many microseconds. */
const WARM_UP = { calls: 4_000, time: 500_000, batch: 25 };
/** Microseconds of one sample. */
const SAMPLE = 1_500;
const [LEAST_CALLS, MOST_CALLS] = [4, 400];

/** Microseconds of processor time that this process has used on all of its threads. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Microseconds a call of each path: the least of many short samples, since the rest of the machine can only add to it.
 * Every round has a sample of each path. Each starts with another of them, and every second round goes backwards: what
 * runs before a path leaves work for the garbage collector.
 */
export async function measure(
  paths: readonly Path[],
  rounds: number,
  clock: () => number = processorTime,
): Promise<readonly number[]> {
  const calls: number[] = [];
  for (const path of paths) calls.push(await warmUp(path, clock));
  const least = paths.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < paths.length; turn++) {
      const step = (round + turn) % paths.length;
      const index = round % 2 === 0 ? step : paths.length - 1 - step;
      const path = paths[index];
      if (path === undefined) continue;
      least[index] = Math.min(least[index] ?? 0, await sample(path, calls[index] ?? LEAST_CALLS, clock));
    }
  }
  return least;
}

/** Runs a path until it is compiled, and returns how many calls of it make a sample. */
async function warmUp(path: Path, clock: () => number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let time = 0;
  for (let done = 0; done < WARM_UP.calls && time < WARM_UP.time; done += WARM_UP.batch) {
    const cost = await sample(path, WARM_UP.batch, clock);
    least = Math.min(least, cost);
    time += cost * WARM_UP.batch;
  }
  return Math.min(MOST_CALLS, Math.max(LEAST_CALLS, Math.round(SAMPLE / least)));
}

async function sample(path: Path, calls: number, clock: () => number): Promise<number> {
  await path.prepare?.(calls);
  const start = clock();
  await repeat(path, calls);
  return (clock() - start) / calls;
}

/** Makes prepared calls, one after the other. It waits for those alone that return a promise. */
export async function repeat({ run }: Path, calls: number): Promise<void> {
  for (let call = 0; call < calls; call++) {
    const result = run();
    if (result instanceof Promise) await result;
  }
}
