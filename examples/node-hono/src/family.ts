import type { Store } from "@latchkey/core";

/** What a store knows of a session's refresh tokens, without any digest. */
export interface Family {
  readonly root: number;
  /** Null before the first refresh. */
  readonly child: number | null;
  /** When the child was issued, in seconds. */
  readonly issuedAt: number | null;
  readonly newest: number;
  /** Why the family has ended; null while it lives. */
  readonly ended: string | null;
}

/** Reads a family as it is now. */
export async function familyOf(store: Store, sessionId: string): Promise<Family | null> {
  const found = await store.sessions.get(sessionId, Math.floor(Date.now() / 1_000));
  if (found === null) return null;
  const { rootGeneration, childHash, childIssuedAt, generation, endReason } = found.row;
  return {
    root: rootGeneration,
    child: childHash === null ? null : generation,
    issuedAt: childIssuedAt,
    newest: generation,
    ended: endReason,
  };
}
