import { describeStore, type Runner } from "@latchkey/core/testing";
import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
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

it("serves a whole sign-in from a Worker", async () => {
  const server = workerd(await bundle("auth"));
  onTestFinished(() => server.dispose());
  const post = async (
    path: string,
    body: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await server.dispatchFetch(`https://app.example.com/auth${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: Object(await answer.json()) };
  };
  const ann = { email: "ann@example.com", password: "correct horse battery", transport: "bearer" };
  expect((await post("/signup", ann)).status).toBe(201);
  const signedIn = await post("/login", ann);
  const presented = { refresh_token: signedIn.body["refresh_token"] };
  const [one, two] = await Promise.all([post("/refresh", presented), post("/refresh", presented)]);
  expect([one.status, two.status]).toEqual([200, 200]);
  expect([one, two].filter(({ body }) => "refresh_token" in body).length).toBe(1);
  const wrong = await post("/login", { ...ann, password: "wrong horse battery" });
  expect([wrong.status, wrong.body["error"]]).toEqual([401, "invalid_credentials"]);
  expect((await post("/logout", presented)).status).toBe(200);
  expect((await post("/refresh", presented)).body["error"]).toBe("session_revoked");
});
