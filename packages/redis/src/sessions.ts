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
  userTagOf,
} from "@latchkey/core/store";
import { type Connection, sumOverKeys } from "./connection.ts";
import { fieldsOf, flat, list, texts } from "./fields.ts";
import * as lua from "./session-scripts.ts";
import type { Settings } from "./settings.ts";

const KIND = "session";

export function redisSessions(connection: Connection, settings: Settings, users: UserStore): SessionStore {
  const { names } = settings;
  const onRow = (script: string, id: string, now: number, values: readonly (string | number)[]) =>
    connection.run(script, [names.session(id)], [...settings.sessionClock(now), id, ...values]);

  return {
    users,

    create: async (row, options) => {
      const reply = await connection.run(...creation(row, options, settings));
      if (reply === null) return null;
      const ended = list(KIND, reply).map(readEnded);
      // The sessions of another user are in another slot, which the script above cannot access.
      for (const id of new Set(options.replaces)) {
        if (isSibling(row, id)) continue;
        const replaced = await onRow(lua.END_REPLACED, id, row.createdAt, []);
        if (replaced !== null) ended.push(readEnded(replaced));
      }
      return { ended };
    },

    get: async (id, now) => timed(await onRow(lua.GET, id, now, [])),

    rotate: async ({ id, token, policy, next, now }) => {
      const presented = [token.familyHash, token.secretHash, token.generation];
      const values = [...presented, policy.lease, policy.transport ?? "", next];
      const reply = await onRow(lua.ROTATE, id, now, values);
      const found = timed(reply);
      return found === null ? null : { ...found, refused: list(KIND, reply).length > 2 };
    },

    confirm: async (id, generation, lease, now) =>
      (await onRow(lua.CONFIRM, id, now, [generation, lease])) === 1,

    list: async (userId, now) => {
      const reply = await connection.run(lua.LIST, [names.sessions(userId)], settings.sessionClock(now));
      return newestFirst(list(KIND, reply));
    },

    update: async (id, { context, device }) => {
      const values = [context, device].map((value) => (value === undefined ? "" : JSON.stringify(value)));
      const reply = await onRow(lua.UPDATE, id, 0, values);
      return reply === null ? null : sessionOf(reply);
    },

    end: async (id, familyHash, { reason, now }) => {
      const reply = await onRow(lua.END, id, now, [reason, familyHash ?? ""]);
      return reply === null ? null : readEnded(reply);
    },

    endAll: async (userId, except, { reason, now }): Promise<readonly EndedSession[]> => {
      const values = [...settings.sessionClock(now), reason, except ?? ""];
      const reply = await connection.run(lua.END_ALL, [names.sessions(userId)], values);
      return list(KIND, reply).map(readEnded);
    },

    prune: async ({ userId, keep, now }) => {
      const script = keep ? lua.MARK_EXPIRED : lua.DELETE_ENDED;
      const prune = async (at: Connection, key: string): Promise<number> =>
        Number(await at.run(script, [key], settings.sessionClock(now)));
      if (userId !== null) return prune(connection, names.sessions(userId));
      return sumOverKeys(connection, names.sessionsPattern, prune);
    },
  };
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
