import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compareTrees } from "./against.ts";
import { describePinning, pinned } from "./pin.ts";

const { values: options } = parseArgs({
  options: { against: { type: "string" }, strict: { type: "boolean", default: false } },
});
if (options.strict && options.against === undefined) throw new Error("--strict needs --against <folder>");

const node = process.execPath;
const [bun = "", deno = ""] = ["bun", "deno"].map((name) =>
  fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url)),
);
const room = ["--min-semi-space-size=128", "--max-semi-space-size=128"];

/** The parts of the table. Each is a program of its own on one core. */
const PARTS: readonly (readonly string[])[] = [
  [node, "node.ts"],
  [node, "--expose-gc", ...room, "allocations.ts"],
  [node, "--expose-gc", "memory.ts"],
  [bun, "runtime.ts"],
  [deno, "run", "--allow-all", "--no-lock", "--node-modules-dir=manual", "runtime.ts"],
  [node, "workerd.ts"],
];

function run(command: readonly string[]): void {
  const [program = "", ...words] = command.map((word) =>
    word.endsWith(".ts") ? fileURLToPath(new URL(word, import.meta.url)) : word,
  );
  const { status } = spawnSync(program, words, { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}

function measureTables(): void {
  console.log(describePinning());
  for (const part of PARTS) run(pinned(part, "last"));
  // The server that it starts has the last core.
  run(pinned([node, "load.ts"], "first"));
  // Hashes need all cores.
  for (const runtime of [node, bun]) run([runtime, "hashing.ts"]);
}

if (options.against === undefined) measureTables();
else if (!(await compareTrees(options.against)) && options.strict) process.exitCode = 1;
