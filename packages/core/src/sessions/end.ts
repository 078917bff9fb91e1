import type { SecretHash } from "../platform/digest.ts";
import { now } from "../platform/env.ts";
import type { UserId } from "../users/user.ts";
import type { SessionEngine } from "./engine.ts";
import { announceEnded } from "./events.ts";
import type { EndReason, SessionId } from "./session.ts";
import type { EndedSession } from "./session-store.ts";

/** Ends one session of any user. With `familyHash`, only if the session has this family secret. */
export async function endSession(
  engine: SessionEngine,
  id: SessionId,
  reason: EndReason,
  familyHash: SecretHash | null = null,
): Promise<EndedSession | null> {
  const ended = await engine.store.end(id, familyHash, { reason, now: now(engine.env) });
  if (ended !== null) announceEnded(engine.emit, [ended]);
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
  announceEnded(engine.emit, ended);
  return ended;
}
