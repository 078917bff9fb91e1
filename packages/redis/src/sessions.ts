import {
  type CreateOptions,
  type EndedSession,
  endReasons,
  readStoredSession,
  type SessionId,
  type SessionRow,
  type SessionStore,
  storedSession,
  type TimedRow,
  type UserStore,
  userTagOf,
} from "@latchkey/core/store";
import { type Connection, sumOverKeys } from "./connection.ts";
import { type Feed, redisFeed } from "./feed.ts";
import { fieldsOf, flat, list, texts } from "./fields.ts";
import * as lua from "./session-scripts.ts";
import type { Settings } from "./settings.ts";
import type { UserIndex } from "./user-index.ts";

const KIND = "session";

type Values = readonly (string | number)[];
/** Runs a script on the row of one session. */
type RunOnRow = (script: string, id: SessionId, now: number, values?: Values) => Promise<unknown>;

export function redisSessions(
  connection: Connection,
  settings: Settings,
  { users, index }: { readonly users: UserStore; readonly index: UserIndex },
): SessionStore {
  const { names, sessionClock } = settings;
  const feed = redisFeed(connection, settings);
  const onRow: RunOnRow = (script, id, now, values = []) =>
    connection.run(script, [names.session(id)], [...sessionClock(now), id, ...values]);
  const writeRow: RunOnRow = (script, id, now, values = []) =>
    feed.write(script, [names.session(id)], [...sessionClock(now), id, ...values]);
  return {
    users,
    create: async (row, options) => {
      const reply = await feed.write(...creation(row, options, settings));
      if (reply === null) return null;
      const replaced = await endInOtherSlots(writeRow, row, options.replaces);
      return { ended: [...list(KIND, reply).map(readEnded), ...replaced] };
    },
    ...rotation(onRow, writeRow),
    ...changes(writeRow),
    ...sessionsOfUser(connection, settings, feed),
    prune: async (options) => {
      if (options.userId === null) {
        await feed.prune(options.now);
        await index.repair();
      }
      return prune(connection, settings, options);
    },
    endedSince: feed.endedSince,
  };
}

function rotation(onRow: RunOnRow, writeRow: RunOnRow): Pick<SessionStore, "get" | "rotate" | "confirm"> {
  return {
    get: async (id, now) => timed(await onRow(lua.GET, id, now)),

    rotate: async ({ id, token, policy, next, now }) => {
      const presented = [token.familyHash, token.secretHash, token.generation];
      const values = [...presented, policy.lease, policy.transport ?? "", next];
      const reply = await writeRow(lua.ROTATE, id, now, values);
      const found = timed(reply);
      return found === null ? null : { ...found, refused: list(KIND, reply).length > 2 };
    },

    confirm: async (id, generation, lease, now) =>
      (await onRow(lua.CONFIRM, id, now, [generation, lease])) === 1,
  };
}

function changes(writeRow: RunOnRow): Pick<SessionStore, "update" | "end"> {
  return {
    update: async (id, { context, device }, staleAt) => {
      const values = [context, device].map((value) => (value === undefined ? "" : JSON.stringify(value)));
      const reply = await writeRow(lua.UPDATE, id, staleAt ?? 0, [...values, staleAt === null ? 0 : 1]);
      return reply === null ? null : sessionOf(reply);
    },

    end: async (id, familyHash, { reason, now }) => {
      const reply = await writeRow(lua.END, id, now, [reason, familyHash ?? ""]);
      return reply === null ? null : readEnded(reply);
    },
  };
}

function sessionsOfUser(
  connection: Connection,
  { names, sessionClock }: Settings,
  feed: Feed,
): Pick<SessionStore, "list" | "endAll"> {
  return {
    list: async (userId, now) =>
      newestFirst(list(KIND, await connection.run(lua.LIST, [names.sessions(userId)], sessionClock(now)))),

    endAll: async (userId, except, { reason, now }) => {
      const values = [...sessionClock(now), reason, except ?? ""];
      return list(KIND, await feed.write(lua.END_ALL, [names.sessions(userId)], values)).map(readEnded);
    },
  };
}

/** The sessions of another user are in another slot, which the script of the creation cannot access. */
async function endInOtherSlots(
  writeRow: RunOnRow,
  row: SessionRow,
  replaces: readonly SessionId[],
): Promise<readonly EndedSession[]> {
  const ended: EndedSession[] = [];
  for (const id of new Set(replaces)) {
    if (isSibling(row, id)) continue;
    const reply = await writeRow(lua.END_REPLACED, id, row.createdAt);
    if (reply !== null) ended.push(readEnded(reply));
  }
  return ended;
}

async function prune(
  connection: Connection,
  { names, sessionClock }: Settings,
  { userId, keep, now }: Parameters<SessionStore["prune"]>[0],
): Promise<number> {
  const script = keep ? lua.MARK_EXPIRED : lua.DELETE_ENDED;
  const pruneKey = async (at: Connection, key: string): Promise<number> =>
    Number(await at.run(script, [key], sessionClock(now)));
  if (userId !== null) return pruneKey(connection, names.sessions(userId));
  return sumOverKeys(connection, names.sessionsPattern, pruneKey);
}

function creation(
  row: SessionRow,
  { ifVersion, limit, replaces }: CreateOptions,
  { names, sessionClock }: Settings,
): Parameters<Connection["run"]> {
  const { id, userId, createdAt } = row;
  const keys = [names.session(id), names.sessions(userId), names.user(userId)];
  const siblings = [...new Set(replaces)].filter((replaced) => isSibling(row, replaced));
  const conditions = [ifVersion ?? "", limit ?? "", siblings.length, ...siblings];
  return [
    lua.CREATE,
    keys,
    [...sessionClock(createdAt), id, userId, ...conditions, ...flat(storedSession(row))],
  ];
}

function isSibling({ id }: SessionRow, other: string): boolean {
  return userTagOf(id) === userTagOf(other);
}

function newestFirst(replies: readonly unknown[]): SessionRow[] {
  return replies
    .flatMap((reply) => fieldsOf(KIND, reply) ?? [])
    .map((fields) => ({ row: readStoredSession(fields), inserted: fields.integer("inserted") }))
    .sort((a, b) => b.row.createdAt - a.row.createdAt || b.inserted - a.inserted)
    .map(({ row }) => row);
}

function timed(reply: unknown): TimedRow | null {
  if (reply === null) return null;
  const [now, row] = list(KIND, reply);
  if (typeof now !== "number") throw new Error("redis: the time in the reply of a script is not a number");
  return { row: sessionOf(row), now };
}

function sessionOf(reply: unknown): SessionRow {
  const fields = fieldsOf(KIND, reply);
  if (fields === null) throw new Error("redis: the reply with a session is empty");
  return readStoredSession(fields);
}

/** Reads the reply for a session that a script ended: id, user, reason. */
function readEnded(reply: unknown): EndedSession {
  const [id, userId, reasonText] = texts("an ended session", reply);
  const reason = endReasons.find((known) => known === reasonText);
  if (id === undefined || userId === undefined || reason === undefined) {
    throw new Error("redis: the reply for an ended session has an invalid value");
  }
  return { id, userId, reason };
}
