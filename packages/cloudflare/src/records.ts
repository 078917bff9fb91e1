import { type Driver, migrate, type SqlStore, sqlStore } from "@latchkey/sql/driver";
import type { ObjectStorage } from "./platform.ts";

/** The rows of one user, or the key ring, in the tables of the SQL store. */
export interface Records {
  /** The methods of the store by names like `sessions.rotate`. */
  readonly operations: Readonly<Record<string, unknown>>;
  /** Deletes what is over; with `keepEnded` one-time tokens only. */
  sweep(now: number, keepEnded: boolean): Promise<void>;
  /** When something will be over next, and whether there is anything at all. */
  outlook(keepEnded: boolean): Promise<{ readonly due: number | null; readonly empty: boolean }>;
}

// A session is over since it ended, or else since it expired, and its last access token one lifetime later.
const OUTLOOK = `SELECT
  (SELECT MIN(due) FROM (
    SELECT access_lifetime + COALESCE(ended_at, MIN(
      COALESCE(expires_at, absolute_expires_at), COALESCE(absolute_expires_at, expires_at))) AS due
    FROM latchkey_sessions WHERE :keep_ended = 0
    UNION ALL SELECT expires_at FROM latchkey_tokens)) AS due,
  EXISTS (SELECT 1 FROM latchkey_sessions) OR EXISTS (SELECT 1 FROM latchkey_users)
    OR EXISTS (SELECT 1 FROM latchkey_tokens) OR EXISTS (SELECT 1 FROM latchkey_documents) AS kept`;

/** Whether an object has tables. */
export function hasRecords({ sql }: ObjectStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'latchkey_schema'").toArray().length > 0;
}

/** Opens the tables of an object, and makes them where they are not there yet. */
export async function openRecords(driver: Driver): Promise<Records> {
  const store = sqlStore(driver);
  await migrate(store);
  return {
    operations: operationsOf(store),
    sweep: async (now, keepEnded) => {
      if (!keepEnded) await store.sessions.prune({ userId: null, keep: false, now });
      await store.tokens.prune(now);
    },
    outlook: async (keepEnded) => {
      const [row = {}] = await driver.query({ sql: OUTLOOK, values: { keep_ended: keepEnded ? 1 : 0 } });
      const due = row["due"];
      return { due: typeof due === "number" ? due : null, empty: row["kept"] === 0 };
    },
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
