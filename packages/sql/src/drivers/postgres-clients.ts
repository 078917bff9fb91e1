import type { SqlRow, SqlValue } from "../driver.ts";

/** What Latchkey needs of a `Pool` of the package `pg`. */
export interface PgPool {
  query(query: PgQuery): Promise<PgResult>;
  connect(): Promise<PgClient>;
}

export interface PgClient {
  query(query: PgQuery): Promise<PgResult>;
  /** Gives the connection back, or closes it where it is of no more use. */
  release(destroy?: boolean): void;
}

export interface PgQuery {
  readonly text: string;
  readonly values?: SqlValue[];
  readonly name?: string;
}

export interface PgResult {
  readonly rows: readonly unknown[];
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** What Latchkey needs of the `sql` of the package `postgres`. */
export interface PostgresJs extends PostgresJsQueries {
  begin<T>(options: string, work: (transaction: PostgresJsQueries) => Promise<T>): Promise<unknown>;
}

export interface PostgresJsQueries {
  unsafe(text: string, values?: SqlValue[], options?: { prepare: boolean }): PromiseLike<PostgresJsRows>;
}

export interface PostgresJsRows extends ReadonlyArray<unknown> {
  readonly columns?: readonly { readonly name: string; readonly type: number }[];
}

/** A statement in PostgreSQL's words, with its values in order. */
export interface Query {
  readonly text: string;
  readonly values: SqlValue[];
}

export type Run = (query: Query) => Promise<readonly SqlRow[]>;

/** The two words that the clients have in common. */
export interface Client {
  readonly run: Run;
  /** Runs work in one transaction at READ COMMITTED, whatever the default of the connection. */
  transaction<T>(work: (run: Run) => Promise<T>): Promise<T>;
}

const READ_COMMITTED = "ISOLATION LEVEL READ COMMITTED";
const BIGINT = 20;

export function clientOf(client: PgPool | PostgresJs, prepare: boolean): Client {
  return "unsafe" in client ? postgresJsClient(client, prepare) : pgClient(client, prepare);
}

function pgClient(pool: PgPool, prepare: boolean): Client {
  const running =
    (on: Pick<PgPool, "query">): Run =>
    async ({ text, values }) => {
      const named = prepare ? { name: nameOf(text) } : {};
      const { rows, fields } = await on.query({ text, values, ...named });
      const big = fields.filter(({ dataTypeID }) => dataTypeID === BIGINT).map(({ name }) => name);
      return rows.map((row) => readRow(row, big));
    };

  return {
    run: running(pool),
    transaction: async (work) => {
      const connection = await pool.connect();
      let broken = false;
      try {
        await connection.query({ text: `BEGIN ${READ_COMMITTED}` });
        const result = await work(running(connection));
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
    },
  };
}

function postgresJsClient(sql: PostgresJs, prepare: boolean): Client {
  const running =
    (on: PostgresJsQueries): Run =>
    async ({ text, values }) => {
      const rows = await on.unsafe(text, values, { prepare });
      const big = (rows.columns ?? []).filter(({ type }) => type === BIGINT).map(({ name }) => name);
      return rows.map((row) => readRow(row, big));
    };

  return {
    run: running(sql),
    transaction: async (work) => {
      const kept: Awaited<ReturnType<typeof work>>[] = [];
      await sql.begin(READ_COMMITTED, async (transaction) => {
        kept.push(await work(running(transaction)));
      });
      const [result] = kept;
      if (result === undefined) throw new TypeError("the transaction has no result");
      return result;
    },
  };
}

// Both clients hand a BIGINT out as text, since it may be too large for a number; the schema's are not.
function readRow(row: unknown, big: readonly string[]): SqlRow {
  if (typeof row !== "object" || row === null) throw new TypeError("the PostgreSQL client returned no row");
  const read: Record<string, unknown> = { ...row };
  for (const name of big) {
    if (read[name] !== null) read[name] = Number(read[name]);
  }
  return read;
}

// By its text, so that any number of stores share the connections of a pool: one name never means two statements.
function nameOf(text: string): string {
  let [low, high] = [0x811c9dc5, 0x9e3779b9];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) ^ (high >>> 13);
  }
  return `latchkey_${(low >>> 0).toString(36)}_${(high >>> 0).toString(36)}`;
}
