/** One thing that must hold on every runtime. It throws where it does not. */
export interface Case {
  readonly name: string;
  readonly run: (runtime: Runtime) => Promise<void>;
}

export const runtimes = ["node", "bun", "deno", "workerd"] as const;
export type Runtime = (typeof runtimes)[number];

/** What became of one case. */
export interface Result {
  readonly name: string;
  /** Null where it held. */
  readonly error: string | null;
  /** Milliseconds; on Workers only those that passed while it waited. */
  readonly took: number;
}

/** Throws unless two values of plain data are the same. */
export function same(actual: unknown, expected: unknown, what = "value"): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}: expected ${wanted}, got ${found}`);
}

/** Throws unless the claim holds. */
export function holds(claim: boolean, what: string): void {
  if (!claim) throw new Error(`this does not hold: ${what}`);
}

/** The name of the error that a promise, or its making, fails with. */
export async function failureOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return error instanceof Error || error instanceof DOMException ? error.name : String(error);
  }
  throw new Error("expected a failure");
}
