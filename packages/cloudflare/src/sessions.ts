import {
  type CreateOptions,
  type EndedSession,
  isLive,
  type SessionId,
  type SessionRow,
  type SessionStore,
  type UserStore,
  userTag,
  userTagOf,
} from "@latchkey/core/store";
import { type Call, FEED_OBJECT } from "./call.ts";

/** The name of the object with everything of one user. */
export function userObject(userId: string): string {
  return `user:${userTag(userId)}`;
}

export function objectSessions(call: Call, users: UserStore): SessionStore {
  return {
    users,
    create: (row, options) => create(call, row, options),
    get: async (id, now) => atSession(id, null, (object) => call(object, "sessions.get", id, now)),
    rotate: async (rotation) =>
      atSession(rotation.id, null, (object) => call(object, "sessions.rotate", rotation)),
    confirm: async (id, ...rest) =>
      atSession(id, false, (object) => call(object, "sessions.confirm", id, ...rest)),
    list: (userId, now) => call(userObject(userId), "sessions.list", userId, now),
    update: async (id, ...rest) =>
      atSession(id, null, (object) => call(object, "sessions.update", id, ...rest)),
    end: async (id, ...rest) => atSession(id, null, (object) => call(object, "sessions.end", id, ...rest)),
    endAll: (userId, ...rest) => call(userObject(userId), "sessions.endAll", userId, ...rest),

    // The objects of a namespace cannot be listed. The alarm of each object deletes its expired sessions.
    prune: (options) =>
      call(options.userId === null ? FEED_OBJECT : userObject(options.userId), "sessions.prune", options),
    endedSince: (...args) => call(FEED_OBJECT, "sessions.endedSince", ...args),
  };
}

async function create(
  call: Call,
  row: SessionRow,
  options: CreateOptions,
): ReturnType<SessionStore["create"]> {
  const object = objectOf(row.id) ?? userObject(row.userId);
  const replaces = [...new Set(options.replaces)];
  const own = replaces.filter((id) => objectOf(id) === object);
  const created = await call(object, "sessions.create", row, { ...options, replaces: own });
  if (created === null) return null;
  const others = replaces.filter((id) => objectOf(id) !== object);
  const replaced = await Promise.all(others.map((id) => endReplaced(call, id, row.createdAt)));
  return { ended: [...created.ended, ...replaced.flatMap((ended) => ended ?? [])] };
}

// The session of another user is in another object, so it ends in a separate call.
async function endReplaced(call: Call, id: SessionId, now: number): Promise<EndedSession | null> {
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

async function atSession<T>(id: SessionId, none: T, work: (object: string) => Promise<T>): Promise<T> {
  const object = objectOf(id);
  return object === null ? none : work(object);
}
