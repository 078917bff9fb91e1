/** Runs work, at most so many at once; the rest waits in order of arrival. */
export type Queue = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a fair queue. A failing piece of work rejects its own caller and frees its place. */
export function createQueue(concurrency: number): Queue {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (work) => {
    if (running < concurrency) running += 1;
    // Whoever ends hands the place on, so that nobody who comes later can take it.
    else await new Promise<void>((enter) => waiting.push(enter));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
