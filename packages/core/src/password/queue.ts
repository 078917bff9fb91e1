import { AuthError } from "../platform/errors.ts";
import type { Seconds } from "../platform/time.ts";

/** Runs work, at most so many at once; the rest waits in order of arrival. Fails with `rate_limited` where it is full. */
export type Queue = <T>(work: () => Promise<T>) => Promise<T>;

export interface QueueBounds {
  /** How many pieces of work run at once. */
  readonly concurrency: number;
  /** How many may wait. */
  readonly waiting: number;
  /** When to try again after a refusal. */
  readonly retryAfter: Seconds;
}

/** Makes a fair queue. A failing piece of work rejects its own caller and frees its place. */
export function createQueue({ concurrency, waiting: most, retryAfter }: QueueBounds): Queue {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (work) => {
    if (running < concurrency) {
      running += 1;
    } else {
      // CWE-770: without an end, the last of a flood waits for minutes.
      if (waiting.length >= most) throw new AuthError("rate_limited", undefined, retryAfter);
      // The work that ends hands its place on, so that no later arrival can take it.
      await new Promise<void>((enter) => waiting.push(enter));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
