import type { Seconds } from "../platform/time.ts";

/** A clock that a test moves. */
export interface TestClock {
  /** Milliseconds since 1970-01-01T00:00:00Z, as `env.clock` has them. */
  now(): number;
  /** Moves the clock forward. */
  advance(seconds: Seconds): void;
}

/** Makes a clock that moves with `base`, and is ahead of it by what it was advanced. */
export function testClock(base: () => number): TestClock {
  let ahead = 0;
  return {
    now: () => base() + ahead,
    advance: (seconds) => {
      ahead += seconds * 1_000;
    },
  };
}
