import { rotationOutcome } from "@latchkey/core/store";
import { describeStore } from "@latchkey/store-contract";
import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ask, bridged } from "./objects-bridge.ts";
import { digestOf, rotationOf, START, session } from "./sessions.ts";
import { bundle, workerd } from "./workerd.ts";

let host: Miniflare;

beforeAll(async () => {
  host = workerd(await bundle("objects"));
  await host.ready;
});
afterAll(() => host.dispose());

// Expired tokens go by alarms, on the objects' own clock: durable-objects-alarm.test.ts waits for them.
const BY_ALARM = ["prunes expired tokens and marks", "prunes expired tokens of slots"];
let part = "";

// The cases run in the Worker, which declares the same ones under the same names.
describeStore(
  {
    describe: (name, body) =>
      describe(name, () => {
        part = name;
        body();
      }),
    it: (name) => {
      const asked = { part, name };
      if (!BY_ALARM.includes(name)) it(name, async () => void (await ask(host, { contract: asked })));
    },
  },
  "Durable Objects",
  () => Promise.reject(new Error("the stores are made in the Worker")),
);

it("gives one successor to 64 requests at once", async () => {
  const { sessions } = bridged(host, { world: "crowd" });
  await sessions.create(session("phone"), { ifVersion: null, limit: null, replaces: [] });
  const crowd = Array.from({ length: 64 }, (_, n) => rotationOf("phone", 0, START, digestOf(`next ${n}`)));
  const rows = await Promise.all(crowd.map((rotation) => sessions.rotate(rotation)));
  const outcomes = crowd.map(({ token, next }, n) => {
    const row = rows[n]?.row;
    return row === undefined ? "refused" : rotationOutcome(row, token, next);
  });
  expect(outcomes.sort()).toEqual([...Array<string>(63).fill("access_only"), "first"]);
});

it("equals `decide` on 10,000 random steps", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const report = await ask(host, { seed, steps: 10_000 });
  expect(report).toMatchObject({ steps: 10_000 });
}, 180_000);

it("uses no module of Node in the Worker", async () => {
  // The build itself fails on an import that it cannot find, and the Worker here runs without `nodejs_compat`.
  const script = await bundle("objects");
  expect(script.match(/["']node:[a-z]|\brequire\(|\bBuffer\b|\bprocess\./g)).toBeNull();
});

it("serves a complete sign-in from a Worker", async () => {
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
  expect({ one: one.status, two: two.status }).toEqual({ one: 200, two: 200 });
  expect([one, two].filter(({ body }) => "refresh_token" in body).length).toBe(1);
  const wrong = await post("/login", { ...ann, password: "wrong horse battery" });
  expect({ status: wrong.status, error: wrong.body["error"] }).toEqual({
    status: 401,
    error: "invalid_credentials",
  });
  expect((await post("/logout", presented)).status).toBe(200);
  expect((await post("/refresh", presented)).body["error"]).toBe("session_revoked");
});
