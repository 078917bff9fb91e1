import { d1, migrate, schema } from "@latchkey/sql/d1";
import { describeStore } from "@latchkey/store-contract";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { START } from "./sessions.ts";
import { bundle } from "./workerd.ts";

const STEPS = 3_000;
const seed = Number(process.env["LATCHKEY_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const kinds = ["first", "rotated", "reissued", "access_only", "reuse"];

let host: Miniflare;
beforeAll(async () => {
  host = new Miniflare({
    modules: true,
    script: await bundle("d1"),
    compatibilityDate: "2026-07-01",
    d1Databases: ["DB", "OTHER", "BARE"],
  });
  await host.ready;
});
afterAll(() => host.dispose());

async function ask(path: string): Promise<unknown> {
  const answer = await host.dispatchFetch(`http://worker${path}`);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

// The cases are declared here and carried out in the Worker, each by its name.
function inWorker(name: string): void {
  it(name, async () => {
    expect(await ask(`/case?name=${encodeURIComponent(name)}`)).toEqual({ ran: 1 });
  });
}
describeStore({ describe, it: inWorker }, "D1", () => Promise.reject(new Error("runs in the Worker")));

test(`the statements on D1 equal decide over ${STEPS} steps, seed ${seed}`, async () => {
  const report = await ask(`/trace?seed=${seed}&steps=${STEPS}`);
  console.info(`D1: seed ${seed}, ${JSON.stringify(report)}`);
  for (const kind of kinds) expect(report).toHaveProperty(["counts", kind]);
});

test("every call to D1 is made in a session that begins at the primary", async () => {
  const database = await host.getD1Database("OTHER");
  const constraints: unknown[] = [];
  const store = d1({
    withSession: (constraint) => {
      constraints.push(constraint);
      return database.withSession(constraint);
    },
  });
  await migrate(store);
  constraints.length = 0;
  await store.sessions.get("none", START);
  await store.sessions.list("ann", START);
  await store.users.get("ann");
  await store.users.delete("ann");
  await store.throttle.release(["key"]);
  expect(constraints).toEqual(Array.from({ length: 5 }, () => "first-primary"));
});

test("a D1 session in place of the database is refused", async () => {
  const database = await host.getD1Database("OTHER");
  const session: object = { prepare: () => null, batch: () => null };
  expect(() => d1(Object.assign(session, { withSession: undefined as never }))).toThrow(TypeError);
  expect(() => d1(database)).not.toThrow();
});

test("the printed schema equals the migrated one, and the error for a database without tables names the call", async () => {
  const bare = await host.getD1Database("BARE");
  const store = d1(bare);
  await expect(store.keys.load()).rejects.toThrow("latchkey schema version 0, expected 6");
  await bare.batch(
    schema()
      // A trigger has statements of its own: an empty line ends the statement.
      .split(/;\n(?:\n|$)/)
      .filter((text) => text.trim() !== "")
      .map((text) => bare.prepare(text)),
  );
  await migrate(store);
  expect(await store.keys.load()).toBeNull();
  expect(await store.users.get("ann")).toBeNull();
});
