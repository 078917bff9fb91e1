import { readdirSync, readFileSync } from "node:fs";
import { Miniflare } from "miniflare";
import { bundleFile } from "../stores/workerd.ts";
import { runtimeRows } from "./runtime-paths.ts";
import { head, row } from "./table.ts";

const ROUNDS = 40;
const WARM_UP = 10;
const CALLS = 100;

/** The number of the process that this one has started, by its name. */
function childNamed(name: string): string {
  const found = readdirSync("/proc").find((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      return stat.includes(`(${name})`) && stat.split(") ")[1]?.split(" ")[1] === String(process.pid);
    } catch {
      // It has ended since.
      return false;
    }
  });
  if (found === undefined) throw new Error(`${name} does not run`);
  return found;
}

/** Microseconds of processor time of all threads of a process. */
function processorTimeOf(pid: string): number {
  const times = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    return Number(nanoseconds);
  });
  return times.reduce((sum, time) => sum + time, 0) / 1_000;
}

async function measureWorker(): Promise<void> {
  const host = new Miniflare({
    modules: true,
    script: await bundleFile(new URL("workers/paths.ts", import.meta.url)),
    compatibilityDate: "2026-07-01",
    compatibilityFlags: ["nodejs_compat"],
  });
  const ask = async (what: string, path = 0, calls = 0): Promise<Response> => {
    const answer = await host.dispatchFetch(`http://worker/${what}?path=${path}&calls=${calls}`);
    if (!answer.ok) throw new Error(`the Worker answered ${answer.status}: ${await answer.text()}`);
    return new Response(await answer.text());
  };
  try {
    const names: readonly string[] = await (await ask("names")).json();
    const pid = childNamed("workerd");
    const sample = async (path: number, calls: number): Promise<number> => {
      await ask("prepare", path, calls);
      const start = processorTimeOf(pid);
      await ask("run", path, calls);
      return processorTimeOf(pid) - start;
    };
    const least = names.map(() => Number.POSITIVE_INFINITY);
    let request = Number.POSITIVE_INFINITY;
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      request = Math.min(request, await sample(0, 0));
      for (const path of names.keys()) least[path] = Math.min(least[path] ?? 0, await sample(path, CALLS));
    }
    const costs = least.map((cost) => (cost - request) / CALLS);
    console.log(head(`workerd; one HMAC: ${costs[0]?.toFixed(2)} us`, ["HMAC", "jose"]));
    for (const [name, hmac, jose] of runtimeRows(names, costs))
      console.log(row(`workerd: ${name}`, { HMAC: hmac, jose }));
  } finally {
    await host.dispose();
  }
}

if (process.platform === "linux") await measureWorker();
else console.log("workerd is skipped: its processor time is read on Linux alone");
