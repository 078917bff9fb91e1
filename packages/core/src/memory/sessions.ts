import { equalStrings } from "../platform/digest.ts";
import { isJsonObject, type Json, type JsonObject } from "../platform/encoding.ts";
import type { EpochSeconds } from "../platform/time.ts";
import { applyDecision, confirmChild, decide, isExpired, isLive } from "../sessions/decide.ts";
import type { EndReason, SessionId, SessionRow } from "../sessions/session.ts";
import type { CreateOptions, EndedSession, SessionStore } from "../sessions/session-store.ts";
import type { UserId } from "../users/user.ts";
import { type MemoryFeed, memoryFeed } from "./feed.ts";
import type { MemoryUsers } from "./users.ts";

export function memorySessions(users: MemoryUsers): SessionStore {
  const rows = memoryRows(memoryFeed());
  return {
    users,
    ...sessionEnds(rows),
    endedSince: rows.feed.endedSince,

    create: async (row, options) => {
      if (rows.byId.get(row.id) !== undefined) throw new Error("a session of this id exists");
      if (!maySignIn(users, row.userId, options.ifVersion)) return null;
      const ended = endForNewSession(rows, row, options);
      rows.put(withOwnMembers(row));
      return { ended };
    },

    get: async (id, now) => {
      const row = rows.byId.get(id);
      return row === undefined ? null : { row, now };
    },

    rotate: async ({ id, token, policy, next, now }) => {
      const row = rows.byId.get(id);
      if (row === undefined) return null;
      const decision = decide(row, token, now, policy);
      const after = applyDecision(row, decision, next, now);
      if (decision.kind === "reuse") rows.feed.add("ended", row, now);
      return { row: after === row ? row : rows.put(after), now, refused: decision.kind === "refused" };
    },

    confirm: async (id, generation, lease, now) => {
      const row = rows.byId.get(id);
      const after = row === undefined ? null : confirmChild(row, generation, now, lease);
      if (after === null) return false;
      rows.put(after);
      return true;
    },

    list: async (userId, now) => listLive(rows, userId, now),

    update: async (id, { context, device }, staleAt) => {
      const row = rows.byId.get(id);
      if (row === undefined || row.endedAt !== null) return null;
      if (context !== undefined && staleAt !== null) rows.feed.add("stale", row, staleAt);
      const given = { context: context ?? row.context, device: device ?? row.device };
      return rows.put(withOwnMembers({ ...row, ...given }));
    },
  };
}

function sessionEnds(rows: Rows): Pick<SessionStore, "end" | "endAll" | "prune"> {
  return {
    end: async (id, familyHash, { reason, now }) => {
      const row = rows.byId.get(id);
      if (row === undefined || row.endedAt !== null) return null;
      if (familyHash !== null && !equalStrings(familyHash, row.familyHash)) return null;
      return endRow(rows, row, reason, now);
    },

    endAll: async (userId, except, { reason, now }) => {
      const due = rows.ofUser(userId).filter((row) => row.endedAt === null && row.id !== except);
      rows.feed.addAll(due, now);
      return due.map((row) => markEnded(rows, row, reason, now));
    },

    prune: async ({ userId, keep, now }) => {
      const candidates = userId === null ? [...rows.byId.values()] : rows.ofUser(userId);
      const due = candidates.filter((row) =>
        keep ? row.endedAt === null && isExpired(row, now) : isPrunable(row, now),
      );
      for (const row of due) {
        if (keep) markEnded(rows, row, "expired", now);
        else rows.delete(row);
      }
      if (userId === null) rows.feed.prune(now);
      return due.length;
    },
  };
}

function maySignIn(users: MemoryUsers, userId: UserId, ifVersion: number | null): boolean {
  if (ifVersion === null) return true;
  const user = users.byId.get(userId);
  return user !== undefined && user.disabledAt === null && user.credentialsVersion === ifVersion;
}

function endForNewSession(rows: Rows, row: SessionRow, { limit, replaces }: CreateOptions): EndedSession[] {
  const now = row.createdAt;
  const replaced = [...new Set<SessionId>(replaces)]
    .flatMap((id) => rows.byId.get(id) ?? [])
    .filter((old) => isLive(old, now))
    .map((old) => endRow(rows, old, "replaced", now));
  if (limit === null) return replaced;
  const surplus = listLive(rows, row.userId, now).slice(Math.max(limit - 1, 0));
  return [...replaced, ...surplus.map((old) => endRow(rows, old, "limit", now))];
}

/** Newest first. For the same second, the last inserted comes first. */
function listLive(rows: Rows, userId: UserId, now: EpochSeconds): SessionRow[] {
  return rows
    .ofUser(userId)
    .filter((row) => isLive(row, now))
    .reverse()
    .sort((a, b) => b.createdAt - a.createdAt);
}

function endRow(rows: Rows, row: SessionRow, reason: EndReason, now: EpochSeconds): EndedSession {
  rows.feed.add("ended", row, now);
  return markEnded(rows, row, reason, now);
}

function markEnded(rows: Rows, row: SessionRow, reason: EndReason, now: EpochSeconds): EndedSession {
  rows.put({ ...row, endedAt: now, endReason: reason });
  return { id: row.id, userId: row.userId, reason };
}

/** Whether the last access token of a session has expired too, so that the row is no longer needed. */
function isPrunable(row: SessionRow, now: EpochSeconds): boolean {
  const expiry = Math.min(row.expiresAt ?? Infinity, row.absoluteExpiresAt ?? Infinity);
  return now - (row.endedAt ?? expiry) >= row.accessLifetime;
}

/** Frozen rows by id and by user, both in insertion order. */
interface Rows {
  readonly feed: MemoryFeed;
  readonly byId: ReadonlyMap<SessionId, SessionRow>;
  ofUser(userId: UserId): readonly SessionRow[];
  /** Inserts, or replaces the row of that id and user, and freezes it. Its members are those of a stored row, or `withOwnMembers`. */
  put(row: SessionRow): SessionRow;
  delete(row: SessionRow): void;
}

function memoryRows(feed: MemoryFeed): Rows {
  const byId = new Map<SessionId, SessionRow>();
  const byUser = new Map<UserId, Map<SessionId, SessionRow>>();

  return {
    feed,
    byId,
    ofUser: (userId) => [...(byUser.get(userId)?.values() ?? [])],
    put: (row) => {
      const kept = Object.freeze(row);
      const siblings = byUser.get(row.userId) ?? new Map<SessionId, SessionRow>();
      byUser.set(row.userId, siblings.set(row.id, kept));
      byId.set(row.id, kept);
      return kept;
    },
    delete: ({ id, userId }) => {
      byId.delete(id);
      const siblings = byUser.get(userId);
      siblings?.delete(id);
      if (siblings?.size === 0) byUser.delete(userId);
    },
  };
}

// Copies, so that callers cannot change the stored row. Frozen, so that the stored row itself can be returned.
function withOwnMembers(row: SessionRow): SessionRow {
  return {
    ...row,
    context: frozenObject(row.context),
    device: Object.freeze({ ...row.device }),
    amr: Object.freeze([...row.amr]),
  };
}

function frozenObject(object: JsonObject): JsonObject {
  return Object.freeze(
    Object.fromEntries(Object.entries(object).map(([name, value]) => [name, frozenJson(value)])),
  );
}

function frozenJson(value: Json): Json {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenJson));
  return isJsonObject(value) ? frozenObject(value) : value;
}
