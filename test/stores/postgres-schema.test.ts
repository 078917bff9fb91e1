import { createAuth } from "@latchkey/core";
import { migrate, postgres, type SqlStore, schema } from "@latchkey/sql/postgres";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";

let server: TestPostgres;
let pool: Pool;
let name: string;
let store: SqlStore;

beforeAll(async () => {
  server = await startPostgres();
  // The search_path of the connections leads to another schema, which has tables of the same names.
  pool = server.pool(4);
  name = `${server.schema}-Own`;
  await pool.query("CREATE TABLE latchkey_feed (seq BIGINT); CREATE TABLE latchkey_users (id TEXT)");
  store = postgres(pool, { schema: name });
  await migrate(store);
});

afterAll(async () => {
  await pool?.query(`DROP SCHEMA "${name}" CASCADE`);
  await server?.stop();
});

it("keeps every table and function in the schema, whatever the search_path is", async () => {
  const auth = createAuth({ store });
  const { id } = await auth.users.create({ email: "ann@example.com" });
  const { session, refreshToken } = await auth.sessions.create(id, { transport: "bearer" });
  expect((await auth.sessions.refresh(String(refreshToken))).ok).toBe(true);
  expect(await auth.sessions.revoke(session.id)).toBe(true);
  await auth.sessions.prune();
  expect(await auth.check()).toEqual({ ok: true });
  const { entries } = await store.sessions.endedSince(null, 10, 0);
  expect(entries).toMatchObject([{ kind: "ended", sessionId: session.id }]);
  const placed = `SELECT count(*)::int AS count FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relname LIKE 'latchkey_%' AND relkind = 'r' AND nspname = $1`;
  expect((await pool.query(placed, [name])).rows).toEqual([{ count: 9 }]);
  expect(
    (await pool.query("SELECT 1 FROM latchkey_users UNION ALL SELECT 1 FROM latchkey_feed")).rows,
  ).toEqual([]);
  const functions = `SELECT DISTINCT proconfig FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = $1`;
  expect((await pool.query(functions, [name])).rows).toEqual([
    { proconfig: ["search_path=pg_catalog, pg_temp"] },
  ]);
});

it("keeps another role out, as the role of an API that exposes the database", async () => {
  const client = await pool.connect();
  const role = `reader_${process.pid}`;
  const codeOf = (sql: string): Promise<unknown> =>
    client.query(sql).then(
      () => "ok",
      (error: { code?: string }) => error.code,
    );
  await client.query(`CREATE ROLE ${role}`);
  await client.query(`SET ROLE ${role}`);
  const denied = "42501";
  expect(await codeOf(`SELECT * FROM "${name}".latchkey_users`)).toBe(denied);
  expect(await codeOf(`SELECT "${name}".latchkey_feed_trim()`)).toBe(denied);
  await client.query("RESET ROLE");
  await client.query(`GRANT USAGE ON SCHEMA "${name}" TO ${role}`);
  await client.query(`SET ROLE ${role}`);
  for (const table of ["users", "sessions", "documents", "tokens", "feed"])
    expect(await codeOf(`SELECT * FROM "${name}".latchkey_${table}`)).toBe(denied);
  await client.query("RESET ROLE");
  await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  client.release();
});

it("migrates again by a role that may not create a schema", async () => {
  await migrate(store);
  const text = schema({ schema: name });
  expect(text).toContain(`CREATE SCHEMA IF NOT EXISTS "${name}";`);
  expect(text.match(/(?<!"\.)\blatchkey_\w+/g)?.filter((found) => !text.includes(`INDEX ${found}`))).toEqual(
    expect.arrayContaining(["latchkey_feed_ended", "latchkey_feed_trim"]),
  );
});
