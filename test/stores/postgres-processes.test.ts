import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { migrate, postgres, schema } from "@latchkey/sql/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";
import { START, session, sessionIdOf } from "./sessions.ts";

const run = promisify(execFile);
const STARTUP = 1_500;

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

async function processes(count: number, sessions: number): Promise<readonly string[][]> {
  const start = String(Date.now() + STARTUP);
  const path = new URL("./processes/postgres-join.ts", import.meta.url).pathname;
  const started = Array.from({ length: count }, (_, n) =>
    run(process.execPath, [path, server.url, server.schema, start, `process-${n}`, String(sessions)]),
  );
  return (await Promise.all(started)).map(({ stdout }): string[] => JSON.parse(stdout));
}

test("8 processes make the same tables at once", async () => {
  await processes(8, 0);
  const { rows } = await server.pool().query("SELECT version::int FROM latchkey_schema ORDER BY version");
  expect(rows).toEqual([{ version: 1 }, { version: 2 }]);
});

test("4 processes rotate the same tokens: each token gets one successor", async () => {
  const count = 100;
  const store = postgres(server.pool());
  await migrate(store);
  const { sessions } = store;
  for (let n = 0; n < count; n++) {
    await sessions.create(session(`session ${n}`), { ifVersion: null, limit: null, replaces: [] });
  }
  const outcomes = await processes(4, count);
  for (let n = 0; n < count; n++) {
    const got = outcomes.map((list) => list[n]).sort();
    expect(got).toEqual(["access_only", "access_only", "access_only", "first"]);
    const row = (await sessions.get(sessionIdOf(`session ${n}`), START))?.row;
    expect([row?.generation, row?.endedAt]).toEqual([1, null]);
  }
  const wins = outcomes.map((list) => list.filter((outcome) => outcome === "first").length);
  expect(wins.filter((won) => won > 0).length, `wins: ${wins}`).toBeGreaterThan(1);
});

test("the printed schema is the migrated one, and migrating again changes nothing", async () => {
  const pool = server.pool();
  await migrate(postgres(pool));
  const made = await tables();
  expect(made.length).toBeGreaterThan(40);
  const name = `${server.schema}_printed`;
  const printed = server.pool(1, name);
  await printed.query(`CREATE SCHEMA ${name}`);
  await printed.query(schema());
  expect(await tables(name)).toEqual(made);
  await pool.query(`DROP SCHEMA ${name} CASCADE`);

  async function tables(of: string = server.schema): Promise<unknown[]> {
    const { rows } = await pool.query(
      `SELECT table_name, column_name, data_type, collation_name, is_nullable, is_identity,
        (SELECT string_agg(replace(indexdef, schemaname || '.', ''), ';' ORDER BY indexname) FROM pg_indexes
          WHERE schemaname = $1 AND tablename = table_name) AS indexes
      FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, ordinal_position`,
      [of],
    );
    return rows;
  }
});

test("a database without tables, or of a newer library, says what to do", async () => {
  const name = `${server.schema}_bare`;
  const bare = server.pool(1, name);
  await bare.query(`CREATE SCHEMA ${name}`);
  const store = postgres(bare);
  await expect(store.keys.load()).rejects.toThrow("latchkey schema version 0, expected 2");
  await migrate(store);
  expect(await store.keys.load()).toBeNull();
  await bare.query("INSERT INTO latchkey_schema (version) VALUES (7)");
  await expect(migrate(store)).rejects.toThrow("latchkey schema version 7, expected 2");
  await bare.query(`DROP SCHEMA ${name} CASCADE`);
});
