import type { Store } from "@latchkey/core";

/** The refresh tokens of a session as the store has them, without their hashes. */
export interface Family {
  readonly root: number;
  /** Null before the first refresh. */
  readonly child: number | null;
  /** When the child was issued, in seconds. */
  readonly issuedAt: number | null;
  readonly newest: number;
  /** Why the family has ended; null while it is active. */
  readonly ended: string | null;
}

/** Reads the current family of a session. */
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
