import {
  type EndedSession,
  isLive,
  type SessionId,
  type SessionStore,
  type UserStore,
  userTag,
  userTagOf,
} from "@latchkey/core/store";
import type { Call } from "./call.ts";

/** The name of the object that holds all of a user. */
export function userObject(userId: string): string {
  return `user:${userTag(userId)}`;
}

export function objectSessions(call: Call, users: UserStore): SessionStore {
  return {
    users,

    create: async (row, options) => {
      const object = objectOf(row.id) ?? userObject(row.userId);
      const replaces = [...new Set(options.replaces)];
      const own = replaces.filter((id) => objectOf(id) === object);
      const created = await call(object, "sessions.create", row, { ...options, replaces: own });
      if (created === null) return null;
      const others = replaces.filter((id) => objectOf(id) !== object);
      const replaced = await Promise.all(others.map((id) => replace(call, id, row.createdAt)));
      return { ended: [...created.ended, ...replaced.flatMap((ended) => ended ?? [])] };
    },

    get: async (id, now) => atSession(id, null, (object) => call(object, "sessions.get", id, now)),
    rotate: async (rotation) =>
      atSession(rotation.id, null, (object) => call(object, "sessions.rotate", rotation)),
    confirm: async (id, ...rest) =>
      atSession(id, false, (object) => call(object, "sessions.confirm", id, ...rest)),
    list: (userId, now) => call(userObject(userId), "sessions.list", userId, now),
    update: async (id, change) =>
      atSession(id, null, (object) => call(object, "sessions.update", id, change)),
    end: async (id, ...rest) => atSession(id, null, (object) => call(object, "sessions.end", id, ...rest)),
    endAll: (userId, ...rest) => call(userObject(userId), "sessions.endAll", userId, ...rest),

    // Nobody can list the objects of a namespace: everybody's sessions are the business of their alarms.
    prune: async (options) =>
      options.userId === null ? 0 : call(userObject(options.userId), "sessions.prune", options),
  };
}

// A session of another user lives in another object, and its end is another turn.
async function replace(call: Call, id: SessionId, now: number): Promise<EndedSession | null> {
  return atSession(id, null, async (object) => {
    const found = await call(object, "sessions.get", id, now);
    if (found === null || !isLive(found.row, found.now)) return null;
    return call(object, "sessions.end", id, null, { reason: "replaced", now });
  });
}

function objectOf(id: SessionId): string | null {
  const tag = userTagOf(id);
  return tag === null ? null : `user:${tag}`;
}

async function atSession<T>(id: SessionId, none: T, ask: (object: string) => Promise<T>): Promise<T> {
  const object = objectOf(id);
  return object === null ? none : ask(object);
}
