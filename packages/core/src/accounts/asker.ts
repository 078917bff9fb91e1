import { now } from "../platform/env.ts";
import { isLive } from "../sessions/decide.ts";
import type { App } from "./app.ts";

/** A user who asks for a change of their links, and the session that they asked in. */
export interface Asker {
  readonly userId: string;
  readonly sessionId: string;
}

/** Whether the session of an asker is still live. */
export async function isSignedIn({ engine }: App, { userId, sessionId }: Asker): Promise<boolean> {
  const session = await engine.store.get(sessionId, now(engine.env));
  return session !== null && session.row.userId === userId && isLive(session.row, session.now);
}
