import { migrate, postgres } from "@latchkey/sql/postgres";
import { runTrace } from "@latchkey/store-contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";

const STEPS = 10_000;
const seed = Number(process.env["LATCHKEY_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

const kinds = ["first", "rotated", "reissued", "access_only", "reuse"];
const refusals = ["unknown", "wrong_family", "ended", "expired", "wrong_transport", "rolled_back"];

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

test(`the PostgreSQL statement equals decide over ${STEPS} steps, seed ${seed}`, async () => {
  const pool = server.pool(1);
  const store = postgres(pool, { clock: "caller" });
  await migrate(store);
  const makeStore = async () => {
    await pool.query("TRUNCATE latchkey_sessions, latchkey_feed RESTART IDENTITY");
    return { store };
  };
  const { counts } = await runTrace({ seed, steps: STEPS, makeStore });
  console.info(`PostgreSQL: seed ${seed}, ${STEPS} steps, ${JSON.stringify(counts)}`);
  for (const kind of [...kinds, ...refusals.map((reason) => `refused: ${reason}`)]) {
    expect(counts[kind], `${kind} must have been met`).toBeGreaterThan(10);
  }
});
