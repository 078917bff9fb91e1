import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The numbers of the cores that this process may run on; null if `taskset` is missing. */
function cores(): readonly string[] | null {
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
    const status = readFileSync("/proc/self/status", "utf8");
    return /Cpus_allowed_list:\s*(.+)/.exec(status)?.[1]?.split(/[,-]/) ?? null;
  } catch {
    return null;
  }
}

/** A command that runs on one core; the same command if that is not possible here. */
export function pinned(command: readonly string[], which: "first" | "last"): readonly string[] {
  const core = cores()?.at(which === "first" ? 0 : -1);
  return core === undefined ? command : ["taskset", "-c", core, ...command];
}

/** Says how the processes are pinned. */
export function describePinning(): string {
  const found = cores();
  return found === null
    ? "not pinned to a core: there is no taskset here"
    : `pinned to core ${found.at(-1)}; times are processor time, of all threads of the process`;
}
