import {
  type CreateOptions,
  type EndedSession,
  endReasons,
  readStoredSession,
  type SessionRow,
  type SessionStore,
  storedSession,
  type TimedRow,
  type UserStore,
} from "@latchkey/core/store";
import { columns, type Dialect, type Driver, type SqlRow, type Statement } from "./driver.ts";
import * as sql from "./session-statements.ts";

const SLICE = 1_000;

export function sqlSessions(driver: Driver, users: UserStore): SessionStore {
  const { dialect } = driver;
  const first = async (statement: Statement): Promise<SqlRow | null> =>
    (await driver.query(statement))[0] ?? null;

  return {
    users,

    create: async (row, options) => {
      const steps = creation(row, options, dialect);
      const results = await driver.batch(steps.map(({ statement }) => statement));
      const [inserted = []] = results;
      if (inserted.length === 0) return null;
      return {
        ended: results.flatMap((rows, n) => (steps[n]?.endsSessions === true ? rows.map(readEnded) : [])),
      };
    },

    get: async (id, now) => timed(await first({ sql: sql.GET, values: { id, now } })),

    rotate: async ({ id, token, policy, next, now }) => {
      const { familyHash, secretHash, generation } = token;
      const presented = { family_hash: familyHash, secret_hash: secretHash, generation };
      const values = { id, ...presented, ...policy, next, now };
      const rotated = timed(await first({ sql: sql.ROTATE[dialect], values }));
      if (rotated !== null) return { ...rotated, refused: false };
      const found = timed(await first({ sql: sql.GET, values: { id, now } }));
      return found === null ? null : { ...found, refused: true };
    },

    confirm: async (id, generation, lease, now) =>
      (await first({ sql: sql.CONFIRM, values: { id, generation, lease, now } })) !== null,

    list: async (userId, now) =>
      (await driver.query({ sql: sql.LIST, values: { user_id: userId, now } })).map(readSession),

    update: async (id, change) => {
      const context = change.context === undefined ? null : JSON.stringify(change.context);
      const device = change.device === undefined ? null : JSON.stringify(change.device);
      const row = await first({ sql: sql.UPDATE, values: { id, context, device } });
      return row === null ? null : readSession(row);
    },

    end: async (id, familyHash, { reason, now }) => {
      const row = await first({ sql: sql.END, values: { id, family_hash: familyHash, reason, now } });
      return row === null ? null : readEnded(row);
    },

    endAll: async (userId, except, { reason, now }) => {
      const values = { user_id: userId, except, reason, now };
      return (await driver.query({ sql: sql.END_ALL, values })).map(readEnded);
    },

    prune: async ({ userId, keep, now }) => {
      if (userId === null) {
        const inSlice = keep ? sql.MARK_EXPIRED_IN_SLICE : sql.DELETE_ENDED_IN_SLICE;
        return pruneSlices(driver, inSlice[dialect], now);
      }
      const ofUser = keep ? sql.MARK_EXPIRED_OF_USER : sql.DELETE_ENDED_OF_USER;
      return (await driver.query({ sql: ofUser[dialect], values: { user_id: userId, now } })).length;
    },
  };
}

interface CreationStep {
  readonly statement: Statement;
  /** Whether the rows of the statement are the sessions that it ended. */
  readonly endsSessions: boolean;
}

function creation(
  row: SessionRow,
  { ifVersion, limit, replaces }: CreateOptions,
  dialect: Dialect,
): readonly CreationStep[] {
  const { id, userId, createdAt: now } = row;
  const insert = { sql: sql.INSERT[dialect], values: { ...storedSession(row), if_version: ifVersion } };
  const steps: CreationStep[] = [{ statement: insert, endsSessions: false }];
  for (const replaced of replaces) {
    const values = { id, replaced, now };
    steps.push({ statement: { sql: sql.END_REPLACED, values }, endsSessions: true });
  }
  if (limit === null) return steps;
  const lock = sql.LOCK_SIGN_INS[dialect];
  if (lock !== null) {
    steps.push({ statement: { sql: lock, values: { user_id: userId } }, endsSessions: false });
  }
  const values = { id, user_id: userId, now, others: Math.max(limit - 1, 0) };
  steps.push({ statement: { sql: sql.END_SURPLUS, values }, endsSessions: true });
  return steps;
}

// Slices keep transactions short. A run that was interrupted can be repeated.
async function pruneSlices(driver: Driver, text: string, now: number): Promise<number> {
  let pruned = 0;
  let after = 0;
  while (after < Number.MAX_SAFE_INTEGER) {
    const [end] = await driver.query({ sql: sql.SLICE_END, values: { after, size: SLICE - 1 } });
    const last =
      end === undefined ? Number.MAX_SAFE_INTEGER : columns("latchkey_sessions", end).integer("seq");
    pruned += (await driver.query({ sql: text, values: { after, last, now } })).length;
    after = last;
    await driver.pause();
  }
  return pruned;
}

function timed(row: SqlRow | null): TimedRow | null {
  if (row === null) return null;
  return { row: readSession(row), now: columns("latchkey_sessions", row).integer("now") };
}

/** Reads a session; throws if the row is corrupt. */
function readSession(row: SqlRow): SessionRow {
  return readStoredSession(columns("latchkey_sessions", row));
}

/** Reads a row that a statement returned for a session that it ended. */
function readEnded(row: SqlRow): EndedSession {
  const read = columns("latchkey_sessions", row);
  return {
    id: read.text("id"),
    userId: read.text("user_id"),
    reason: read.oneOf("end_reason", endReasons),
  };
}
