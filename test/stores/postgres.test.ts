import { migrate, postgres as postgresStore, type SqlStore } from "@latchkey/sql/postgres";
import { describeStore, type StoreUnderTest } from "@latchkey/store-contract";
import type { Pool } from "pg";
import postgresJs, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, it } from "vitest";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";

const CONNECTIONS = 64;

let server: TestPostgres;
let pool: Pool;
let sql: Sql;
let stores: Readonly<Record<"pg" | "postgres.js", SqlStore>>;

beforeAll(async () => {
  server = await startPostgres();
  pool = server.pool(CONNECTIONS);
  const connection = { search_path: server.schema };
  sql = postgresJs(server.url, { max: CONNECTIONS, connection, onnotice: () => undefined });
  stores = {
    pg: postgresStore(pool, { clock: "caller" }),
    "postgres.js": postgresStore(sql, { clock: "caller" }),
  };
  await migrate(stores.pg);
});

afterAll(async () => {
  await sql.end();
  await server.stop();
});

const tables = ["sessions", "feed", "users", "documents", "accounts", "tokens", "slots", "attempts"].map(
  (name) => `latchkey_${name}`,
);

async function emptied(client: "pg" | "postgres.js"): Promise<StoreUnderTest> {
  await pool.query(tables.map((name) => `DELETE FROM ${name}`).join("; "));
  return { store: stores[client] };
}

describeStore({ describe, it }, "PostgreSQL by pg", () => emptied("pg"));
describeStore({ describe, it }, "PostgreSQL by postgres.js", () => emptied("postgres.js"));
