import type { SessionId, SessionRow, UserId } from "../sessions/session.ts";

/** Frozen rows by id and by user, both in the order of their insertion. */
export interface Rows {
  get(id: SessionId): SessionRow | undefined;
  ofUser(userId: UserId): readonly SessionRow[];
  all(): readonly SessionRow[];
  /** Inserts, or replaces the row of that id and user. */
  put(row: SessionRow): SessionRow;
  delete(row: SessionRow): void;
}

export function memoryRows(): Rows {
  const byId = new Map<SessionId, SessionRow>();
  const byUser = new Map<UserId, Map<SessionId, SessionRow>>();

  return {
    get: (id) => byId.get(id),
    ofUser: (userId) => [...(byUser.get(userId)?.values() ?? [])],
    all: () => [...byId.values()],
    put: (row) => {
      const kept = frozen(row);
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

// A copy, so that the caller's objects stay theirs; frozen, so that what is handed out can be the stored one.
function frozen(row: SessionRow): SessionRow {
  return deepFreeze(structuredClone(row));
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
