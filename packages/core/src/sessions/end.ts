import { now } from "../platform/env.ts";
import type { UserId } from "../users/user.ts";
import type { SessionEngine } from "./engine.ts";
import { hashFamilySecret, parseRefreshToken } from "./refresh-token.ts";
import type { EndReason, SessionId } from "./session.ts";
import type { EndedSession } from "./session-store.ts";

/** Ends one session of any user. */
export async function endSession(
  engine: SessionEngine,
  id: SessionId,
  reason: EndReason,
): Promise<EndedSession | null> {
  const ended = await engine.store.end(id, null, { reason, now: now(engine.env) });
  if (ended !== null) announceEnded(engine, [ended]);
  return ended;
}

/** Ends the session whose family secret a refresh token has. Any generation is accepted, and none counts as reuse. */
export async function endByToken(
  engine: SessionEngine,
  refreshToken: string,
  reason: EndReason,
): Promise<EndedSession | null> {
  const token = parseRefreshToken(refreshToken);
  if (token === null) return null;
  const familyHash = hashFamilySecret(token.id, token.familySecret);
  const ended = await engine.store.end(token.id, familyHash, { reason, now: now(engine.env) });
  if (ended !== null) announceEnded(engine, [ended]);
  return ended;
}

/** Ends every session of a user except `except`. */
export async function endSessionsOf(
  engine: SessionEngine,
  userId: UserId,
  except: SessionId | null,
  reason: EndReason,
): Promise<readonly EndedSession[]> {
  const ended = await engine.store.endAll(userId, except, { reason, now: now(engine.env) });
  announceEnded(engine, ended);
  return ended;
}

/** Emits `session.ended` for each session. */
export function announceEnded(engine: SessionEngine, ended: readonly EndedSession[]): void {
  for (const { id, userId, reason } of ended) {
    engine.emit({ type: "session.ended", sessionId: id, userId, reason });
  }
}
