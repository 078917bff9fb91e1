import { PerformanceObserver } from "node:perf_hooks";
import { memoryPlace } from "./open-stores.ts";
import { type Path, repeat } from "./rounds.ts";
import { routePaths } from "./route-paths.ts";
import { head, row } from "./table.ts";
import { baselinesOf, missPath, openServers, validationPaths, validatorOf } from "./validation-paths.ts";

/**
 * The young generation has room for the calls of one chunk, and each chunk begins after a full collection. So nothing is
 * collected between two readings of the heap, and their difference is exactly what the calls allocated. A chunk with a
 * collection in between does not count.
 */
const CHUNKS = 12;
const CALLS = 250;
const ROUTE_CALLS = 25;
const WARM_UP = 1_000;

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ["gc"] });

/** The number of collections until now. The observer hears of them a little later. */
async function collectionsUntilNow(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return collections;
}

/** Bytes on the heap that a call allocates: the least of the chunks, since compiling the code allocates too. */
async function bytesOf(path: Path, calls: number): Promise<number> {
  for (let warm = 0; warm < WARM_UP; warm += calls) {
    await path.prepare?.(calls);
    await repeat(path, calls);
  }
  const counted: number[] = [];
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    await path.prepare?.(calls);
    globalThis.gc?.();
    const collected = await collectionsUntilNow();
    const before = process.memoryUsage().heapUsed;
    await repeat(path, calls);
    const after = process.memoryUsage().heapUsed;
    if ((await collectionsUntilNow()) === collected) counted.push((after - before) / calls);
  }
  if (counted.length < CHUNKS / 2) throw new Error(`${path.name}: collections in most chunks`);
  return Math.min(...counted);
}

const servers = openServers("EdDSA");
const secret = openServers("HS256");
const baselines = await baselinesOf(servers);
const validations = [
  ...(await validationPaths("auth.validate", servers.validate, servers.issue)),
  missPath("auth.validate, miss, HS256", secret.validate, secret.issue),
  ...(await validationPaths("validator.validate", await validatorOf(servers), servers.issue)),
];
const routes = await routePaths("memory, EdDSA", memoryPlace.open, "EdDSA");

/** The loop awaits each call, and that allocates too. Each figure is what a call takes beyond one that does nothing. */
const awaited: Path = { name: "an awaited call that does nothing", run: async () => null };
const empty = await bytesOf(awaited, CALLS);
const beyond = async (path: Path, calls: number): Promise<number> => (await bytesOf(path, calls)) - empty;

console.log(head("allocated by a call", ["B"]));
console.log(row(`bytes of ${awaited.name}, which are not in the others`, { B: empty }));
for (const path of [...baselines, ...validations])
  console.log(row(`bytes of ${path.name}`, { B: await beyond(path, CALLS) }));
for (const path of routes) console.log(row(`bytes of ${path.name}`, { B: await beyond(path, ROUTE_CALLS) }));
