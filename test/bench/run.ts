import { spawnSync } from "node:child_process";
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
 * Microseconds a call of each run: the least of many short rounds, since the rest of the machine can only add to it.
 * Every round has all of the runs. Each starts with another of them, and every second round goes backwards: what runs
 * before a run leaves work for the garbage collector.
 */
async function measure(runs: readonly Path["run"][]): Promise<readonly number[]> {
  const least = runs.map(() => Number.POSITIVE_INFINITY);
  for (const run of runs) await time(run, WARM_UP);
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < runs.length; turn++) {
      const step = (round + turn) % runs.length;
      const index = round % 2 === 0 ? step : runs.length - 1 - step;
      const run = runs[index];
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
  const others = options.against === undefined ? [] : await pathsOf(options.against);
  const pairs = own.flatMap(({ run }, index) => [run, others[index]?.run ?? run]);
  const runs = others.length === 0 ? own.map(({ run }) => run) : pairs;
  const [unit = Number.NaN, ...costs] = await measure([await verification(), ...runs]);
  console.log(`one Ed25519 verification: ${unit.toFixed(0)} us = 1.0`);
  for (const [index, { name }] of own.entries()) {
    if (others.length === 0) console.log(`${name}: ${((costs[index] ?? 0) / unit).toFixed(2)}`);
    else compare(name, (costs[2 * index] ?? 0) / unit, (costs[2 * index + 1] ?? 0) / unit);
  }
}

function compare(name: string, here: number, there: number): void {
  const ratio = here / there;
  if (options.strict && ratio > MOST_SLOWER) process.exitCode = 1;
  console.log(`${name}: ${here.toFixed(2)}, the other tree ${there.toFixed(2)}, ratio ${ratio.toFixed(2)}`);
}

async function verification(): Promise<Path["run"]> {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const message = crypto.getRandomValues(new Uint8Array(500));
  const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, message);
  return () => crypto.subtle.verify("Ed25519", pair.publicKey, signature, message);
}

/** Runs the file that measures `validate` under sign-ins, in Node and in Bun. */
function measureHashing(): void {
  const script = fileURLToPath(new URL("hashing.ts", import.meta.url));
  const bun = fileURLToPath(new URL("../../node_modules/.bin/bun", import.meta.url));
  for (const runtime of [process.execPath, bun]) {
    const { status } = spawnSync(runtime, [script], { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
}

await main();
if (options.against === undefined) measureHashing();
