import { FEED_RETENTION } from "@latchkey/core/store";
import {
  bind,
  type CompiledStatement,
  compile,
  type Driver,
  migrate,
  type SqlRow,
  type SqlStore,
  type Statement,
  sqlStore,
} from "@latchkey/sql/driver";
import type { RecordOperations } from "./operations.ts";
import { type ObjectStorage, wallClock } from "./platform.ts";

/** The rows of one user, or the key ring, in the tables of the SQL store. */
export interface Records {
  /** The methods of the store by names like `sessions.rotate`. */
  readonly operations: Readonly<Record<string, unknown>>;
  /** Deletes the entries for the feed, and returns them in the order of their writes. */
  takeEntries(): Promise<readonly SqlRow[]>;
  /** Deletes expired rows; with `keepEnded` only one-time tokens. */
  deleteExpired(now: number, keepEnded: boolean): Promise<void>;
  /** The time when the next row can be deleted, null for never, and whether there are no rows. */
  inspect(keepEnded: boolean): Promise<{ readonly nextDeletion: number | null; readonly isEmpty: boolean }>;
}

// One access lifetime after a session ended or expired, its last access token has expired too.
const INSPECT = `SELECT
  (SELECT MIN(due) FROM (
    SELECT access_lifetime + COALESCE(ended_at, MIN(
      COALESCE(expires_at, absolute_expires_at), COALESCE(absolute_expires_at, expires_at))) AS due
    FROM latchkey_sessions WHERE :keep_ended = 0
    UNION ALL SELECT expires_at FROM latchkey_tokens
    UNION ALL SELECT until FROM (SELECT until + ${FEED_RETENTION} AS until FROM latchkey_feed ORDER BY seq LIMIT 1))) AS due,
  EXISTS (SELECT 1 FROM latchkey_sessions) OR EXISTS (SELECT 1 FROM latchkey_users)
    OR EXISTS (SELECT 1 FROM latchkey_feed) OR EXISTS (SELECT 1 FROM latchkey_tokens) OR EXISTS (SELECT 1 FROM latchkey_documents) AS kept`;

const ADD_ENTRY = `INSERT INTO latchkey_feed (kind, session_id, user_id, at, until)
VALUES (:kind, :session_id, :user_id, :at, :until)`;

const TAKE_ENTRIES = "DELETE FROM latchkey_feed RETURNING seq, kind, session_id, user_id, at, until";

// All of the old ones: without an entry the object is deleted, and every cursor starts again.
const DELETE_ENTRIES = `DELETE FROM latchkey_feed WHERE until + ${FEED_RETENTION} <= :now`;

/** Whether an object has tables. */
export function hasTables({ sql }: ObjectStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'latchkey_schema'").toArray().length > 0;
}

/** Opens the tables of an object, and creates them if they do not exist. */
export async function openRecords(driver: Driver): Promise<Records> {
  const store = sqlStore(driver);
  await migrate(store);
  return {
    operations: {
      ...operationsOf(store),
      "feed.add": (entries: readonly SqlRow[]) => addEntries(driver, entries),
      "users.changeEmailBefore": changeEmailBefore(store),
      "users.createBefore": createBefore(store),
    },
    takeEntries: async () => {
      const entries = await driver.query({ sql: TAKE_ENTRIES });
      return [...entries].sort((a, b) => Number(a["seq"]) - Number(b["seq"]));
    },
    deleteExpired: async (now, keepEnded) => {
      if (!keepEnded) await store.sessions.prune({ userId: null, keep: false, now });
      await store.tokens.prune(now);
      await driver.query({ sql: DELETE_ENTRIES, values: { now } });
    },
    inspect: async (keepEnded) => {
      const [row = {}] = await driver.query({ sql: INSPECT, values: { keep_ended: keepEnded ? 1 : 0 } });
      const due = row["due"];
      return { nextDeletion: typeof due === "number" ? due : null, isEmpty: row["kept"] === 0 };
    },
  };
}

async function addEntries(driver: Driver, entries: readonly SqlRow[]): Promise<void> {
  const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
  await driver.batch(
    entries.map((row) => ({
      sql: ADD_ENTRY,
      values: {
        kind: textOrNull(row["kind"]),
        session_id: textOrNull(row["session_id"]),
        user_id: textOrNull(row["user_id"]),
        at: Number(row["at"]),
        until: Number(row["until"]),
      },
    })),
  );
}

function changeEmailBefore({ users }: SqlStore): RecordOperations["users.changeEmailBefore"] {
  return async (deadline, ...change) => {
    if (wallClock() <= deadline) return users.changeEmail(...change);
    throw new Error(
      "durableObjects: the address was not changed: the write came too late after its reservation; repeat the call",
    );
  };
}

function createBefore({ users }: SqlStore): RecordOperations["users.createBefore"] {
  return async (deadline, user) => {
    if (wallClock() <= deadline) return (await users.create(user)) === true;
    throw new Error(
      "durableObjects: the user was not written: the write came too late after its entry in the directory; repeat the call",
    );
  };
}

function operationsOf({ sessions, users, tokens, keys }: SqlStore): Readonly<Record<string, unknown>> {
  const parts = { sessions, users, tokens, keys };
  return Object.fromEntries(
    Object.entries(parts).flatMap(([part, methods]) =>
      Object.entries(methods).map(([name, method]) => [`${part}.${name}`, method]),
    ),
  );
}

/** The SQL storage of an object as a driver. Every call is one synchronous turn, so no call sees a part of another. */
export function objectDriver(storage: ObjectStorage, clock: (() => number) | null): Driver {
  const cache = new Map<string, CompiledStatement>();

  const run = ({ sql, values }: Statement): readonly SqlRow[] => {
    const compiled = cache.get(sql) ?? compile(sql, () => "?");
    cache.set(sql, compiled);
    const bound = bind(compiled, clock === null ? values : { ...values, now: clock() });
    return storage.sql.exec(compiled.text, ...bound).toArray();
  };

  return {
    dialect: "sqlite",
    query: async (statement) => run(statement),
    batch: async (statements) => storage.transactionSync(() => statements.map(run)),
    pause: async () => undefined,
  };
}
