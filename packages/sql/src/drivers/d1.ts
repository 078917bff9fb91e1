import { bind, compileNumbered, compileOnce, type Driver, type Statement } from "../driver.ts";
import { schemaText } from "../schema.ts";
import { type SqlStore, sqlStore } from "../store.ts";

export { type Migratable, migrate } from "../migrate.ts";
export type { SqlStore } from "../store.ts";

/** The part of a D1 database, a binding of the Worker, that Latchkey uses. */
export interface D1Database {
  withSession(constraint: "first-primary"): D1Session;
}

/** The part of a D1 session that Latchkey uses. */
export interface D1Session {
  prepare(sql: string): D1Statement;
  batch(statements: D1Statement[]): Promise<D1Result[]>;
}

/** The part of a D1 statement that Latchkey uses. */
export interface D1Statement {
  bind(...values: unknown[]): D1Statement;
  all(): Promise<D1Result>;
}

/** The part of a D1 result that Latchkey uses. */
export interface D1Result {
  readonly results: Record<string, unknown>[];
}

/**
 * Makes a store in Cloudflare D1. Every call is one statement or one batch, in its own session that begins at the
 * primary, so no decision reads an outdated replica. It uses the clock of the Worker.
 *
 * It does not create the tables: call `migrate`, or apply `schema()` with `wrangler d1 execute`. Throws a `TypeError`
 * if the argument is a D1 session, which may read from a replica.
 */
export function d1(database: D1Database): SqlStore {
  if (typeof database?.withSession !== "function") {
    throw new TypeError(
      "d1: the argument has no method `withSession`; pass the D1 binding, not a session, which may read from a replica",
    );
  }
  return sqlStore(d1Driver(database));
}

/** Returns the schema as SQL, for an application that runs migrations itself. */
export function schema(): string {
  return schemaText("d1");
}

function d1Driver(database: D1Database): Driver {
  const compiledOf = compileOnce((sql) => compileNumbered(sql, "?"));
  const openSession = (): D1Session => database.withSession("first-primary");
  const prepare = (session: D1Session, { sql, values }: Statement): D1Statement => {
    const compiled = compiledOf(sql);
    return session.prepare(compiled.text).bind(...bind(compiled, values));
  };

  return {
    dialect: "d1",
    query: async (statement) => (await prepare(openSession(), statement).all()).results,
    batch: async (statements) => {
      const session = openSession();
      const results = await session.batch(statements.map((statement) => prepare(session, statement)));
      return results.map((result) => result.results);
    },
    pause: () => new Promise((resolve) => setTimeout(resolve, 0)),
    mayBeSchemaError,
  };
}

function mayBeSchemaError(error: unknown): boolean {
  return error instanceof Error && /no such (table|column)|no column named/.test(error.message);
}
