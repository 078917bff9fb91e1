import type { Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import {
  applyDecision,
  decide,
  isLive,
  mintSessionId,
  type Rotation,
  type SessionRow,
  type SessionStore,
} from "@latchkey/core/store";

const rows = new Map<string, SessionRow>();

export function ownSessions(inner: SessionStore): SessionStore {
  return {
    ...inner,
    get: async (id, now) => {
      const row = rows.get(id);
      return row === undefined ? null : { row, now };
    },
    list: async (userId, now) =>
      [...rows.values()].filter((row) => row.userId === userId && isLive(row, now)),
  };
}

export function rotated(row: SessionRow, rotation: Rotation) {
  const decision = decide(row, rotation.token, rotation.now, rotation.policy);
  return { decision, after: applyDecision(row, decision, rotation.next, rotation.now) };
}

export const counted = (store: Store) => ({ ...store, sessions: ownSessions(store.sessions) });

export const store = counted(memory());

export const newId = (userId: string) => mintSessionId(userId, (length) => new Uint8Array(length));
