import type { SqlRow, SqlValue } from "../driver.ts";

/** The part of a `Pool` of the package `pg` that Latchkey uses. */
export interface PgPool {
  query(query: PgQuery): Promise<PgResult>;
  connect(): Promise<PgClient>;
}

/** The part of a client of the package `pg` that Latchkey uses. */
export interface PgClient {
  query(query: PgQuery): Promise<PgResult>;
  /** Returns the connection to the pool, or closes it with `destroy`. */
  release(destroy?: boolean): void;
}

/** A statement, as the package `pg` takes it. */
export interface PgQuery {
  readonly text: string;
  readonly values?: SqlValue[];
  readonly name?: string;
}

/** The part of a result of the package `pg` that Latchkey uses. */
export interface PgResult {
  readonly rows: readonly unknown[];
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** The part of the `sql` of the package `postgres` that Latchkey uses. */
export interface PostgresJs extends PostgresJsQueries {
  begin<T>(options: string, work: (transaction: PostgresJsQueries) => Promise<T>): Promise<unknown>;
}

/** The queries of the package `postgres`, also inside a transaction. */
export interface PostgresJsQueries {
  unsafe(text: string, values?: SqlValue[], options?: { prepare: boolean }): PromiseLike<PostgresJsRows>;
}

/** The rows of a query of the package `postgres`. */
export interface PostgresJsRows extends ReadonlyArray<unknown> {
  readonly columns?: readonly { readonly name: string; readonly type: number }[];
}

/** A statement with PostgreSQL's placeholders, and its values in order. */
export interface Query {
  readonly text: string;
  readonly values: SqlValue[];
}

export type Run = (query: Query) => Promise<readonly SqlRow[]>;

/** A client of either package. */
export interface Client {
  readonly run: Run;
  /** Runs work in one transaction at READ COMMITTED, also if the connection has another default. */
  transaction<T>(work: (run: Run) => Promise<T>): Promise<T>;
}

const READ_COMMITTED = "ISOLATION LEVEL READ COMMITTED";
const BIGINT = 20;

export function clientOf(client: PgPool | PostgresJs, prepare: boolean): Client {
  return "unsafe" in client ? postgresJsClient(client, prepare) : pgClient(client, prepare);
}

function pgClient(pool: PgPool, prepare: boolean): Client {
  const runOn =
    (on: Pick<PgPool, "query">): Run =>
    async ({ text, values }) => {
      const named = prepare ? { name: statementName(text) } : {};
      const { rows, fields } = await on.query({ text, values, ...named });
      const bigints = fields.filter(({ dataTypeID }) => dataTypeID === BIGINT).map(({ name }) => name);
      return rows.map((row) => readRow(row, bigints));
    };

  return {
    run: runOn(pool),
    transaction: async (work) => {
      const connection = await pool.connect();
      return pgTransaction(connection, () => work(runOn(connection)));
    },
  };
}

async function pgTransaction<T>(connection: PgClient, work: () => Promise<T>): Promise<T> {
  let broken = false;
  try {
    await connection.query({ text: `BEGIN ${READ_COMMITTED}` });
    const result = await work();
    await connection.query({ text: "COMMIT" });
    return result;
  } catch (error) {
    broken = await connection.query({ text: "ROLLBACK" }).then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    connection.release(broken);
  }
}

function postgresJsClient(sql: PostgresJs, prepare: boolean): Client {
  const runOn =
    (on: PostgresJsQueries): Run =>
    async ({ text, values }) => {
      const rows = await on.unsafe(text, values, { prepare });
      const bigints = (rows.columns ?? []).filter(({ type }) => type === BIGINT).map(({ name }) => name);
      return rows.map((row) => readRow(row, bigints));
    };

  return {
    run: runOn(sql),
    transaction: (work) => postgresJsTransaction(sql, (transaction) => work(runOn(transaction))),
  };
}

async function postgresJsTransaction<T>(
  sql: PostgresJs,
  work: (transaction: PostgresJsQueries) => Promise<T>,
): Promise<T> {
  const results: T[] = [];
  await sql.begin(READ_COMMITTED, async (transaction) => {
    results.push(await work(transaction));
  });
  const [result] = results;
  if (result === undefined) {
    throw new TypeError("postgres: `begin` of the client did not run the transaction");
  }
  return result;
}

// Both clients return a BIGINT as text. Every BIGINT of the schema fits a number.
function readRow(row: unknown, bigints: readonly string[]): SqlRow {
  if (typeof row !== "object" || row === null)
    throw new TypeError("postgres: the client returned a row that is not an object");
  const read: Record<string, unknown> = { ...row };
  for (const name of bigints) {
    if (read[name] !== null) read[name] = Number(read[name]);
  }
  return read;
}

// The name is a digest of the text: stores that share the connections of a pool never give one name to two texts.
function statementName(text: string): string {
  let [low, high] = [0x811c9dc5, 0x9e3779b9];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) ^ (high >>> 13);
  }
  return `latchkey_${(low >>> 0).toString(36)}_${(high >>> 0).toString(36)}`;
}
