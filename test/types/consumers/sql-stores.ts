import { type D1Database, d1 } from "@latchkey/sql/d1";
import { type Driver, sqlStore } from "@latchkey/sql/driver";
import { type PgPool, postgres } from "@latchkey/sql/postgres";
import { migrate, type SqliteDatabase, schema, sqlite } from "@latchkey/sql/sqlite";

export const open = (database: SqliteDatabase) => sqlite(database);

export const openPostgres = (pool: PgPool) => postgres(pool);

export const connect = (pool: PgPool) => pool.connect();

export const openD1 = (database: D1Database) => d1(database);

export const openOwn = (driver: Driver) => sqlStore(driver);

export async function openMigrated(database: SqliteDatabase) {
  const store = open(database);
  await migrate(store);
  return { store, sessions: store.sessions, driver: store.driver };
}

export const tables = schema();
