/** A clock that stands still until somebody moves it. */
export interface Clock {
  /** Milliseconds, as `env.clock` wants them. */
  now(): number;
  /** Moves it by so many seconds. */
  advance(seconds: number): void;
}

/** When every test begins. */
export const START = 1_800_000_000;

export function settableClock(start: number = START): Clock {
  let at = start * 1_000;
  return {
    now: () => at,
    advance: (seconds) => {
      at += seconds * 1_000;
    },
  };
}
