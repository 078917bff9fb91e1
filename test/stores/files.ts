import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { migrate, type SqliteDatabase, type SqlStore, sqlite } from "@latchkey/sql/sqlite";
import { onTestFinished } from "vitest";

/** A path for one database, in a directory that goes when the test is over. */
export function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, "store.db");
}

/** Opens a database, closed when the test is over. */
export function open(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  return database;
}

export async function migrated(database: SqliteDatabase): Promise<SqlStore> {
  const store = sqlite(database);
  await migrate(store);
  return store;
}

/** The same database, with each statement's text changed before it is prepared. */
export function rewriting(database: SqliteDatabase, change: (sql: string) => string): SqliteDatabase {
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => database.prepare(change(sql)),
  };
}
