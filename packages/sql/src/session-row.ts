import { type EndedSession, endReasons, readStoredSession, type SessionRow } from "@latchkey/core/store";
import { columns } from "./columns.ts";
import type { SqlRow } from "./driver.ts";

/** Reads a session; throws where the row is corrupt. */
export function readSession(row: SqlRow): SessionRow {
  return readStoredSession(columns("latchkey_sessions", row));
}

/** Reads what a statement says of a session that it ended. */
export function readEnded(row: SqlRow): EndedSession {
  const read = columns("latchkey_sessions", row);
  return {
    id: read.text("id"),
    userId: read.text("user_id"),
    reason: read.oneOf("end_reason", endReasons),
  };
}
