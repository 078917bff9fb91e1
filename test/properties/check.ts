import fc from "fast-check";

const RUNS = 10_000;

/** Names the seed of this run, or takes the one that is to be repeated: `LATCHKEY_SEED=123`. */
function seedOf(title: string, cases: number): number {
  const given = process.env["LATCHKEY_SEED"];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.log(`${title}: ${cases} cases, LATCHKEY_SEED=${seed}`);
  return seed;
}

/** Tries a property on ten thousand cases, or as many as given, and shows the smallest that breaks it. */
export async function holds<T>(
  title: string,
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
  cases: number = RUNS,
): Promise<void> {
  const seed = seedOf(title, cases);
  await fc.assert(fc.asyncProperty(arbitrary, property), { numRuns: cases, seed });
}
