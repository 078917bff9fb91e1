import { measure } from "./rounds.ts";
import { runtimePaths, runtimeRows } from "./runtime-paths.ts";
import { head, row } from "./table.ts";

// Runs in Bun and in Deno.
const ROUNDS = 60;
const paths = await runtimePaths();
const costs = await measure(paths, ROUNDS);
const names = paths.map(({ name }) => name);
const [runtime] = navigator.userAgent.split(/[\s(]/);
console.log(head(`${runtime}; one HMAC: ${costs[0]?.toFixed(2)} us`, ["HMAC", "jose"]));
for (const [name, hmac, jose] of runtimeRows(names, costs))
  console.log(row(`${runtime}: ${name}`, { HMAC: hmac, jose }));
