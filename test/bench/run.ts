import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Path, pathsOf } from "./paths.ts";

const ROUNDS = 200;
const CALLS = 25;
const WARM_UP = 1_000;
const MOST_SLOWER = 1.1;

const { values: options } = parseArgs({
  options: { against: { type: "string" }, strict: { type: "boolean", default: false } },
});
if (options.strict && options.against === undefined) throw new Error("--strict needs --against <folder>");

/**
 * Microseconds a call of each path: the least of many short rounds, since the rest of the machine can only add to it.
 * The paths take turns within a round, and each round starts with another of them.
 */
async function measure(paths: readonly Path["run"][]): Promise<readonly number[]> {
  const least = paths.map(() => Number.POSITIVE_INFINITY);
  for (const run of paths) await time(run, WARM_UP);
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < paths.length; turn++) {
      const index = (round + turn) % paths.length;
      const run = paths[index];
      if (run !== undefined) least[index] = Math.min(least[index] ?? 0, await time(run, CALLS));
    }
  }
  return least;
}

async function time(run: Path["run"], calls: number): Promise<number> {
  const start = performance.now();
  for (let call = 0; call < calls; call++) await run();
  return ((performance.now() - start) * 1_000) / calls;
}

async function main(): Promise<void> {
  const own = await pathsOf(fileURLToPath(new URL("../..", import.meta.url)));
  const others = options.against === undefined ? null : await pathsOf(options.against);
  const [unit = Number.NaN] = await measure([await verification()]);
  console.log(`one Ed25519 verification: ${unit.toFixed(0)} us = 1.0`);
  let most = 0;
  for (const [index, { name, run }] of own.entries()) {
    const other = others?.[index];
    const [here = Number.NaN, there] = await measure(other === undefined ? [run] : [run, other.run]);
    const cost = `${name}: ${(here / unit).toFixed(2)}`;
    if (there === undefined) {
      console.log(cost);
    } else {
      const ratio = here / there;
      most = Math.max(most, ratio);
      console.log(`${cost}, the other tree ${(there / unit).toFixed(2)}, ratio ${ratio.toFixed(2)}`);
    }
  }
  if (options.strict && most > MOST_SLOWER) process.exitCode = 1;
}

async function verification(): Promise<Path["run"]> {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const message = crypto.getRandomValues(new Uint8Array(500));
  const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, message);
  return () => crypto.subtle.verify("Ed25519", pair.publicKey, signature, message);
}

await main();
