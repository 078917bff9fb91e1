import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Miniflare } from "miniflare";
import { describe, expect, it } from "vitest";
import { bundleFile } from "../stores/workerd.ts";
import { type Result, runtimes } from "./case.ts";
import { suite } from "./suite.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const node22 = fileURLToPath(new URL("./node_modules/.bin/node", import.meta.url));
const bin = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

/** Node 24 runs everything else here; applications may still run the long-term release before it. */
const hosts = [...runtimes, "node 22"] as const;
type Host = (typeof hosts)[number];

/** How each runtime runs the suite: what runs TypeScript runs the sources, a Worker their bundle. */
const runs: Readonly<Record<Host, () => Promise<readonly Result[]>>> = {
  node: () => execute(process.execPath, main),
  "node 22": () => execute(node22, main),
  bun: () => execute(bin("bun"), main),
  deno: () => execute(bin("deno"), "run", "--no-lock", "--no-prompt", "--node-modules-dir=manual", main),
  workerd: inWorker,
};

async function execute(command: string, ...words: string[]): Promise<readonly Result[]> {
  const { stdout } = await promisify(execFile)(command, words);
  return JSON.parse(stdout);
}

// Without `nodejs_compat`, and bundled for no platform: an import of Node's fails the build.
async function inWorker(): Promise<readonly Result[]> {
  const host = new Miniflare({
    modules: true,
    script: await bundleFile(new URL("./workers/suite.ts", import.meta.url)),
    compatibilityDate: "2026-07-01",
  });
  try {
    return JSON.parse(await (await host.dispatchFetch("http://worker/")).text());
  } finally {
    await host.dispose();
  }
}

// Begun once, when the first test of a runtime asks.
const begun = new Map<Host, Promise<readonly Result[]>>();
function resultsOf(runtime: Host): Promise<readonly Result[]> {
  const known = begun.get(runtime) ?? runs[runtime]();
  begun.set(runtime, known);
  return known;
}

describe.each(hosts)("B2 on %s", (runtime) => {
  it.each(suite.map(({ name }) => name))("%s", async (name) => {
    const result = (await resultsOf(runtime)).find((candidate) => candidate.name === name);
    expect(result, "the runtime ran it").toBeDefined();
    expect(result?.error).toBeNull();
  });

  it("runs every case once, and prints how long that took", async () => {
    const results = await resultsOf(runtime);
    const took = results.reduce((sum, result) => sum + result.took, 0);
    console.info(`${runtime}: ${results.length} cases in ${Math.round(took)} ms`);
    expect(results.map(({ name }) => name)).toEqual(suite.map(({ name }) => name));
    expect(new Set(suite.map(({ name }) => name)).size).toBe(suite.length);
  });
});

it("the Node 22 of the tests has that version", async () => {
  const { stdout } = await promisify(execFile)(node22, ["--version"]);
  expect(stdout).toMatch(/^v22\./);
});
