import { checkMembers, FLAG, type MembersOf } from "@latchkey/core/store";
import {
  bind,
  type CompiledStatement,
  compileNumbered,
  type Driver,
  type SqlRow,
  type Statement,
} from "../driver.ts";
import { schemaText } from "../schema.ts";
import { END_SURPLUS, ROTATE, ROTATE_LOCKED } from "../session-statements.ts";
import { type SqlStore, sqlStore } from "../store.ts";
import { clientOf, type PgPool, type PostgresJs, type Query, type Run } from "./postgres-clients.ts";

export { type Migratable, migrate } from "../migrate.ts";
export type { SqlStore } from "../store.ts";
export type { PgPool, PostgresJs } from "./postgres-clients.ts";

export interface PostgresOptions {
  /** Whose clock leases and lives go by. Default the database's, one for all servers; `caller` is for tests. */
  readonly clock?: "database" | "caller";
  /** Whether statements are prepared, each once per connection. Default true; false for a pooler that cannot. */
  readonly prepare?: boolean;
}

const OPTIONS: MembersOf<PostgresOptions> = { clock: ["database", "caller"], prepare: FLAG };
const ATTEMPTS = 5;

/**
 * Makes a store in PostgreSQL, over a `Pool` of `pg` or the `sql` of `postgres`. Every call is one statement or one
 * short transaction at READ COMMITTED, on the database's clock; one that PostgreSQL aborts for a deadlock or a
 * serialization failure is repeated up to 4 times, and then fails.
 *
 * It does not create the tables: call `migrate`. It sets no timeout, and does not listen to the `error` event of a
 * `Pool`, which ends the process when an idle connection is lost and nobody listens. Throws a `TypeError` for a wrong
 * option, and for what is no client.
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

/** Returns the schema as SQL, for those who run migrations themselves. */
export function schema(): string {
  return schemaText("postgres");
}

// One value in all of a statement: `clock_timestamp()` goes on within it, and `now()` stands still in a transaction.
const DATABASE_CLOCK = "CAST(floor(extract(epoch FROM statement_timestamp())) AS BIGINT)";

/** Statements that PostgreSQL has a better one for. */
const instead: ReadonlyMap<string, string> = new Map([[ROTATE, ROTATE_LOCKED]]);

/** What goes before a statement, in its transaction: of two sign-ins of one user, the second must see the first. */
const before: ReadonlyMap<string, string> = new Map([
  [END_SURPLUS, "SELECT pg_advisory_xact_lock(hashtextextended('latchkey ' || CAST(:user_id AS TEXT), 0))"],
]);

function postgresDriver(
  handle: PgPool | PostgresJs,
  { clock = "database", prepare = true }: PostgresOptions,
): Driver {
  const client = clientOf(handle, prepare);
  const cache = new Map<string, CompiledStatement>();

  const translate = (sql: string): CompiledStatement => {
    const known = cache.get(sql);
    if (known !== undefined) return known;
    const text = (instead.get(sql) ?? sql).replace(/\/\*row locks: (.+?)\*\//g, "$1");
    const clocked = clock === "database" ? text.replace(/(?<!:):now\b/g, DATABASE_CLOCK) : text;
    // PostgreSQL gives a parameter one type, which it finds out wherever that number stands.
    const compiled = compileNumbered(clocked, "$");
    cache.set(sql, compiled);
    return compiled;
  };

  const queryOf = ({ sql, values }: Statement): Query => {
    const compiled = translate(sql);
    return { text: compiled.text, values: bind(compiled, values) };
  };

  const runInOrder = async (run: Run, statements: readonly Statement[]): Promise<(readonly SqlRow[])[]> => {
    const results: (readonly SqlRow[])[] = [];
    for (const statement of statements) {
      const first = before.get(statement.sql);
      if (first !== undefined) await run(queryOf({ ...statement, sql: first }));
      results.push(await run(queryOf(statement)));
    }
    return results;
  };

  return {
    dialect: "postgres",
    query: (statement) => retryAborted(() => client.run(queryOf(statement))),
    batch: (statements) =>
      retryAborted(() =>
        statements.length === 1
          ? runInOrder(client.run, statements)
          : client.transaction((run) => runInOrder(run, statements)),
      ),
    rest: () => new Promise((resolve) => setTimeout(resolve, 0)),
    // Class 42: a table or a column that is not there, or is another.
    mayBeSchema: (error) => stateOf(error).startsWith("42"),
  };
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
