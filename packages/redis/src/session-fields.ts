import { type EndedSession, endReasons } from "@latchkey/core/store";
import { texts } from "./fields.ts";

/** Reads the reply for a session that a script ended: id, user, reason. */
export function readEnded(reply: unknown): EndedSession {
  const [id, userId, reasonText] = texts("an ended session", reply);
  const reason = endReasons.find((known) => known === reasonText);
  if (id === undefined || userId === undefined || reason === undefined) {
    throw new Error("redis: the reply for an ended session has an invalid value");
  }
  return { id, userId, reason };
}
