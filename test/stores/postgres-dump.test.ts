import { migrate, postgres } from "@latchkey/sql/postgres";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ANN } from "../fixtures/server.ts";
import { busyRun } from "./busy-run.ts";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  vi.restoreAllMocks();
  await server.stop();
});

test("the tables of PostgreSQL hold no token, no password and no private key after many operations", async () => {
  const pool = server.pool(8);
  const store = postgres(pool, { clock: "caller" });
  await migrate(store);
  const secrets = await busyRun(store);
  const text = await dump(pool, server.schema);
  expect(text).toContain(ANN.email);
  expect(text).toContain("privateKey");
  expect(secrets.size()).toBeGreaterThan(500);
  expect(secrets.foundIn(text)).toEqual([]);
  expect(secrets.rawIn(Buffer.from(text))).toBe(0);
});

/** Every row of every table, in text. */
async function dump(pool: Pool, schema: string): Promise<string> {
  const { rows: tables } = await pool.query("SELECT tablename FROM pg_tables WHERE schemaname = $1", [
    schema,
  ]);
  const found = await Promise.all(
    tables.map(({ tablename }) => pool.query(`SELECT * FROM ${String(tablename)}`)),
  );
  // Unquoted, so that what a column holds stands in the text as it is.
  return found.flatMap(({ rows }) => rows.flatMap((row) => Object.values(row).map(String))).join("\n");
}
