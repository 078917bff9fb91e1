import { checkMembers, FLAG, type MembersOf } from "@latchkey/core/store";
import { bind, compileNumbered, compileOnce, type Driver, type SqlRow, type Statement } from "../driver.ts";
import { schemaText } from "../schema.ts";
import { type SqlStore, sqlStore } from "../store.ts";
import {
  type Client,
  clientOf,
  type PgPool,
  type PostgresJs,
  type Query,
  type Run,
} from "./postgres-clients.ts";

export { type Migratable, migrate } from "../migrate.ts";
export type { SqlStore } from "../store.ts";
export type {
  PgClient,
  PgPool,
  PgQuery,
  PgResult,
  PostgresJs,
  PostgresJsQueries,
  PostgresJsRows,
} from "./postgres-clients.ts";

/** What `postgres` takes besides the client. */
export interface PostgresOptions {
  /** The clock for leases and lifetimes. Default `database`, one clock for all servers; `caller` is for tests. */
  readonly clock?: "database" | "caller";
  /** Whether each connection prepares each statement once. Default true; false for a pooler without prepared statements. */
  readonly prepare?: boolean;
  /**
   * The schema of the tables, whatever the `search_path` of a connection is. `migrate` creates it if the role may. Other roles cannot
   * read it, and an API that exposes `public`, as PostgREST and Supabase do, does not show it. Default the first of the `search_path`.
   */
  readonly schema?: string;
}

const OPTIONS: MembersOf<PostgresOptions> = { clock: ["database", "caller"], prepare: FLAG, schema: null };
const ATTEMPTS = 5;

/**
 * Makes a store in PostgreSQL, over a `Pool` of `pg` or the `sql` of `postgres`. Every call is one statement or one
 * short transaction at READ COMMITTED, on the database's clock. A call that PostgreSQL aborts for a deadlock or a
 * serialization failure is repeated up to 4 times, and then fails.
 *
 * It does not create the tables: call `migrate`. It sets no timeout. It does not listen to the `error` event of a
 * `Pool`: without a listener, a lost idle connection ends the process.
 * Throws a `TypeError` for a wrong option, and for an argument that is no client.
 */
export function postgres(client: PgPool | PostgresJs, options: PostgresOptions = {}): SqlStore {
  checkMembers("postgres", options, OPTIONS);
  if (!isClient(client)) {
    // A string here is a connection string, so it is not shown.
    throw new TypeError(
      "postgres takes a Pool of pg or the sql of postgres: pass new Pool({ connectionString })",
    );
  }
  return sqlStore(postgresDriver(client, options));
}

function isClient(client: unknown): boolean {
  const isObject = (typeof client === "object" && client !== null) || typeof client === "function";
  return isObject && ("unsafe" in client || "connect" in client);
}

/**
 * Returns the tables as SQL, for an application that runs migrations itself. With a `schema` they are in it, and it is created. Throws
 * a `TypeError` for a name that cannot be one.
 */
export function schema(options: Pick<PostgresOptions, "schema"> = {}): string {
  const { schema: name } = options;
  const text = schemaText("postgres");
  return name === undefined ? text : `${creationOf(name)};\n\n${inSchema(name, text)}`;
}

/** PostgreSQL cuts longer names off, and reserves the prefix `pg_`. */
const SCHEMA_NAME = /^(?!pg_|information_schema$)[A-Za-z_][A-Za-z0-9_-]{0,62}$/;

function quoted(name: unknown): string {
  if (typeof name === "string" && SCHEMA_NAME.test(name)) return `"${name}"`;
  const shown = typeof name === "string" ? JSON.stringify(name) : `a ${typeof name}`;
  throw new TypeError(
    `postgres: schema is ${shown}, but it must be a name such as "auth", of 1 to 63 letters, digits, _ and -, without pg_`,
  );
}

function creationOf(name: string): string {
  return `CREATE SCHEMA IF NOT EXISTS ${quoted(name)}`;
}

// The names of new indexes and triggers take no schema: they are where their table is.
const PLACED_NAME = /(?<!CREATE INDEX |CREATE TRIGGER |")\blatchkey_[a-z_]+/g;

/** Names the schema of each table and function, so that no `search_path` leads to other ones (CVE-2018-1058). */
function inSchema(name: string, sql: string): string {
  const schema = quoted(name);
  return sql
    .replace(PLACED_NAME, (placed) => `${schema}.${placed}`)
    .replaceAll("LANGUAGE plpgsql AS", "LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS");
}

// Constant within a statement: `clock_timestamp()` advances within it, and `now()` is constant in a whole transaction.
const DATABASE_CLOCK = "CAST(floor(extract(epoch FROM statement_timestamp())) AS BIGINT)";

function postgresDriver(
  handle: PgPool | PostgresJs,
  { clock = "database", prepare = true, schema: name }: PostgresOptions,
): Driver {
  const client = clientOf(handle, prepare);
  const queryOf = queriesOn(clock, name === undefined ? (sql) => sql : (sql) => inSchema(name, sql));
  return {
    dialect: "postgres",
    ...(name === undefined ? {} : { setup: { sql: creationOf(name) } }),
    query: (statement) => retryAborted(() => client.run(queryOf(statement))),
    batch: (statements) => retryAborted(() => runBatch(client, statements.map(queryOf))),
    pause: () => new Promise((resolve) => setTimeout(resolve, 0)),
    // Class 42: a table or a column does not exist or differs.
    mayBeSchemaError: (error) => stateOf(error).startsWith("42"),
  };
}

/** Translates statements for PostgreSQL, with the database's clock or that of the caller. */
function queriesOn(
  clock: "database" | "caller",
  place: (sql: string) => string,
): (statement: Statement) => Query {
  const compiledOf = compileOnce((text) => {
    const sql = place(text);
    const clocked = clock === "database" ? sql.replace(/(?<!:):now\b/g, DATABASE_CLOCK) : sql;
    // PostgreSQL infers one type for a parameter from every place with its number.
    return compileNumbered(clocked, "$");
  });
  return ({ sql, values }) => {
    const compiled = compiledOf(sql);
    return { text: compiled.text, values: bind(compiled, values) };
  };
}

function runBatch(client: Client, queries: readonly Query[]): Promise<(readonly SqlRow[])[]> {
  if (queries.length === 1) return runInOrder(client.run, queries);
  return client.transaction((run) => runInOrder(run, queries));
}

async function runInOrder(run: Run, queries: readonly Query[]): Promise<(readonly SqlRow[])[]> {
  const results: (readonly SqlRow[])[] = [];
  for (const query of queries) {
    results.push(await run(query));
  }
  return results;
}

const SERIALIZATION_FAILURE = "40001";
const DEADLOCK = "40P01";

async function retryAborted<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const state = stateOf(error);
      if (attempt >= ATTEMPTS || (state !== SERIALIZATION_FAILURE && state !== DEADLOCK)) throw error;
    }
  }
}

function stateOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
