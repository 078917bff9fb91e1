/** What a test tells a child process. */
export interface Input {
  readonly file: string;
  readonly index: number;
  /** When all children begin, in milliseconds. */
  readonly start: number;
  /** The time that `env.clock` shall show. */
  readonly clock: number;
  readonly cookie: string;
  readonly requests: number;
}

/** Reads the input from the command line. */
export function readInput(): Input {
  const given: Partial<Input> = JSON.parse(process.argv[2] ?? "{}");
  return { file: ":memory:", index: 0, start: 0, clock: 0, cookie: "", requests: 0, ...given };
}

/** Waits without yielding, so that every child is ready to the millisecond. */
export function waitUntil(start: number): void {
  while (Date.now() < start);
}
