import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const STARTUP = 900;

/** Runs a script of `processes/` in several processes that begin their work at one moment; returns what they print. */
export async function runTogether(script: string, count: number, input: object): Promise<readonly unknown[]> {
  const path = new URL(`./processes/${script}.ts`, import.meta.url).pathname;
  const start = Date.now() + STARTUP;
  const children = Array.from({ length: count }, (_, index) =>
    run(process.execPath, [path, JSON.stringify({ ...input, index, start })]),
  );
  return (await Promise.all(children)).map(({ stdout }): unknown => JSON.parse(stdout));
}
