import {
  bind,
  type CompiledStatement,
  compile,
  compileOnce,
  type Driver,
  type SqlRow,
  type SqlValue,
  type Statement,
} from "../driver.ts";
import { schemaText } from "../schema.ts";
import { type SqlStore, sqlStore } from "../store.ts";

export { type Migratable, migrate } from "../migrate.ts";
export type { SqlStore } from "../store.ts";

/** The part of an SQLite connection that Latchkey uses; `node:sqlite`, `bun:sqlite` and better-sqlite3 have it. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

/** The part of a prepared statement of SQLite that Latchkey uses. */
export interface SqliteStatement {
  all(...values: SqlValue[]): unknown;
  run(...values: SqlValue[]): unknown;
  /** better-sqlite3 only: whether the statement returns rows. Its `all` throws on a statement that returns none. */
  readonly reader?: boolean;
}

const BUSY = 5;
const BUSY_TIMEOUT = 5_000;
const ATTEMPTS = 2;
const WAL_ATTEMPTS = 20;

/**
 * Makes a store in an SQLite file, on an open connection that nothing else uses. Sets the connection to WAL, full
 * synchronisation and a busy timeout of 5 seconds. A call that times out is repeated once, and then fails.
 *
 * It does not create the tables: call `migrate`. It blocks the event loop while SQLite works or waits for a lock.
 */
export function sqlite(database: SqliteDatabase): SqlStore {
  if (typeof database?.prepare !== "function") {
    throw new TypeError('sqlite takes an open connection: pass one such as new DatabaseSync("app.db")');
  }
  configure(database);
  return sqlStore(sqliteDriver(database));
}

/** Returns the schema as SQL, for an application that runs migrations itself. */
export function schema(): string {
  return schemaText("sqlite");
}

interface Prepared {
  readonly compiled: CompiledStatement;
  readonly statement: SqliteStatement;
}

function sqliteDriver(database: SqliteDatabase): Driver {
  const prepare = compileOnce((sql): Prepared => {
    const compiled = compile(sql, () => "?");
    return { compiled, statement: database.prepare(compiled.text) };
  });
  const run = ({ sql, values }: Statement): readonly SqlRow[] => {
    const { compiled, statement } = prepare(sql);
    return execute(statement, bind(compiled, values));
  };
  return {
    dialect: "sqlite",
    query: async (statement) => retryBusy(() => run(statement)),
    batch: async (statements) => retryBusy(() => transaction(database, () => statements.map(run))),
    // SQLite works on this thread: other work runs only in the next turn of the event loop.
    pause: () => new Promise((resolve) => setTimeout(resolve, 0)),
  };
}

function execute(statement: SqliteStatement, values: readonly SqlValue[]): readonly SqlRow[] {
  if (statement.reader !== false) return rowsOf(statement.all(...values));
  statement.run(...values);
  return [];
}

// IMMEDIATE takes the write lock first. A transaction that reads before it writes cannot wait for the lock.
function transaction<T>(database: SqliteDatabase, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

// SQLite rolls back by itself after some errors, and then ROLLBACK fails. The caller reports the first error.
function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    return;
  }
}

function configure(database: SqliteDatabase): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
  // The busy timeout does not cover the change to WAL: it fails while another process makes the same change.
  retryBusy(
    () => database.exec("PRAGMA journal_mode = WAL"),
    WAL_ATTEMPTS,
    () => {
      transaction(database, () => undefined);
    },
  );
  // FULL: a session that was ended must not be live again after a power cut.
  database.exec("PRAGMA synchronous = FULL");
}

function retryBusy<T>(work: () => T, attempts: number = ATTEMPTS, wait: () => void = () => undefined): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return work();
    } catch (error) {
      if (attempt >= attempts || !isBusy(error)) throw error;
      wait();
    }
  }
}

// The code is in `errcode` (node:sqlite), `errno` (bun:sqlite) or `code` (better-sqlite3). Extended codes keep the low byte.
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && String(error.code).startsWith("SQLITE_BUSY")) return true;
  const number = "errcode" in error ? error.errcode : "errno" in error ? error.errno : null;
  return typeof number === "number" && (number & 0xff) === BUSY;
}

function rowsOf(result: unknown): readonly SqlRow[] {
  if (!Array.isArray(result))
    throw new TypeError("sqlite: `all` of the connection's statement did not return an array of rows");
  return result;
}
