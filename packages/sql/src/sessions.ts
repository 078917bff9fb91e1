import {
  type CreateOptions,
  type EndedSession,
  endReasons,
  type Rotation,
  readStoredSession,
  type SessionId,
  type SessionRow,
  type SessionStore,
  storedSession,
  type TimedRow,
  type UserStore,
} from "@latchkey/core/store";
import { columns, type Dialect, type Driver, first, type SqlRow, type Statement } from "./driver.ts";
import { pruneFeed, readFeed } from "./feed.ts";
import * as sql from "./session-statements.ts";

const SLICE = 1_000;

export function sqlSessions(driver: Driver, users: UserStore): SessionStore {
  return {
    users,
    create: async (row, options) => {
      const steps = creation(row, options, driver.dialect);
      const results = await driver.batch(steps.map(({ statement }) => statement));
      const [inserted = []] = results;
      if (inserted.length === 0) return null;
      return {
        ended: results.flatMap((rows, n) => (steps[n]?.endsSessions === true ? rows.map(readEnded) : [])),
      };
    },
    ...rotateOperations(driver),
    ...changes(driver),
    ...sessionsOfUser(driver),
    prune: (options) => prune(driver, options),
    endedSince: readFeed(driver),
  };
}

function rotateOperations(driver: Driver): Pick<SessionStore, "get" | "rotate" | "confirm"> {
  return {
    get: (id, now) => get(driver, id, now),
    rotate: async (rotation) => {
      const rotated = timed(await first(driver, rotateStatement(rotation, driver.dialect)));
      if (rotated !== null) return { ...rotated, refused: false };
      const found = await get(driver, rotation.id, rotation.now);
      return found === null ? null : { ...found, refused: true };
    },
    confirm: async (id, generation, lease, now) =>
      (await first(driver, { sql: sql.CONFIRM, values: { id, generation, lease, now } })) !== null,
  };
}

async function get(driver: Driver, id: SessionId, now: number): Promise<TimedRow | null> {
  return timed(await first(driver, { sql: sql.GET, values: { id, now } }));
}

function rotateStatement({ id, token, policy, next, now }: Rotation, dialect: Dialect): Statement {
  const { familyHash, secretHash, generation } = token;
  const presented = { family_hash: familyHash, secret_hash: secretHash, generation };
  return { sql: sql.ROTATE[dialect], values: { id, ...presented, ...policy, next, now } };
}

function changes(driver: Driver): Pick<SessionStore, "update" | "end"> {
  return {
    update: async (id, change, staleAt) => {
      const context = change.context === undefined ? null : JSON.stringify(change.context);
      const device = change.device === undefined ? null : JSON.stringify(change.device);
      const statement = { sql: sql.UPDATE, values: { id, context, device } };
      const makesStale = context !== null && staleAt !== null;
      const [row] = makesStale
        ? await updateStale(driver, statement, { id, now: staleAt })
        : await driver.query(statement);
      return row === undefined ? null : readSession(row);
    },

    end: async (id, familyHash, { reason, now }) => {
      const values = { id, family_hash: familyHash, reason, now };
      const row = await first(driver, { sql: sql.END, values });
      return row === null ? null : readEnded(row);
    },
  };
}

async function updateStale(
  driver: Driver,
  update: Statement,
  values: { readonly id: SessionId; readonly now: number },
): Promise<readonly SqlRow[]> {
  const [rows = []] = await driver.batch([update, { sql: sql.ADD_STALE, values }]);
  return rows;
}

function sessionsOfUser(driver: Driver): Pick<SessionStore, "list" | "endAll"> {
  return {
    list: async (userId, now) =>
      (await driver.query({ sql: sql.LIST, values: { user_id: userId, now } })).map(readSession),

    endAll: async (userId, except, { reason, now }) => {
      const values = { user_id: userId, except, reason, now };
      const texts = [sql.ADD_ENDING, sql.END_ALL, sql.PUBLISH_ENDING];
      const [, ended = []] = await driver.batch(texts.map((text) => ({ sql: text, values })));
      return ended.map(readEnded);
    },
  };
}

async function prune(
  driver: Driver,
  { userId, keep, now }: Parameters<SessionStore["prune"]>[0],
): Promise<number> {
  if (userId === null) {
    await pruneFeed(driver, now);
    const inSlice = keep ? sql.MARK_EXPIRED_IN_SLICE : sql.DELETE_ENDED_IN_SLICE;
    return pruneSlices(driver, inSlice[driver.dialect], now);
  }
  const ofUser = keep ? sql.MARK_EXPIRED_OF_USER : sql.DELETE_ENDED_OF_USER;
  return (await driver.query({ sql: ofUser[driver.dialect], values: { user_id: userId, now } })).length;
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
  const { id, createdAt: now } = row;
  const insert = { sql: sql.INSERT[dialect], values: { ...storedSession(row), if_version: ifVersion } };
  const ends = replaces.map((replaced) => ({
    statement: { sql: sql.END_REPLACED, values: { id, replaced, now } },
    endsSessions: true,
  }));
  return [{ statement: insert, endsSessions: false }, ...ends, ...limitation(row, limit, dialect)];
}

/** Ends the oldest sessions of the user beyond the limit. */
function limitation(
  { id, userId, createdAt: now }: SessionRow,
  limit: number | null,
  dialect: Dialect,
): readonly CreationStep[] {
  if (limit === null) return [];
  const lock = sql.LOCK_SIGN_INS[dialect];
  const values = { id, user_id: userId, now, others: Math.max(limit - 1, 0) };
  const end = { statement: { sql: sql.END_SURPLUS, values }, endsSessions: true };
  if (lock === null) return [end];
  return [{ statement: { sql: lock, values: { user_id: userId } }, endsSessions: false }, end];
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
