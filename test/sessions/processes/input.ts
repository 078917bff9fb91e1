import { agreedStart } from "../../fixtures/run-together.ts";

/** What a test tells a child process. */
export interface Input {
  readonly file: string;
  readonly index: number;
  /** The time that `env.clock` shall show. */
  readonly clock: number;
  readonly cookie: string;
  readonly requests: number;
}

/** Reads the input from the command line. */
export function readInput(): Input {
  const given: Partial<Input> = JSON.parse(process.argv[2] ?? "{}");
  return { file: ":memory:", index: 0, clock: 0, cookie: "", requests: 0, ...given };
}

/** Waits for the others, at the end without yielding, so that all begin in one millisecond. */
export async function waitForAll(): Promise<void> {
  const start = await agreedStart();
  while (Date.now() < start);
}
