import { type EndedSession, endReasons } from "@latchkey/core/store";
import { texts } from "./fields.ts";

/** Reads what a script says of a session that it ended: id, user, reason. */
export function readEnded(reply: unknown): EndedSession {
  const [id, userId, told] = texts("an ended session", reply);
  const reason = endReasons.find((known) => known === told);
  if (id === undefined || userId === undefined || reason === undefined) {
    throw new Error("redis: an ended session is not what the store writes");
  }
  return { id, userId, reason };
}
