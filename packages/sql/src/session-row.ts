import { type EndedSession, endReasons, readStoredSession, type SessionRow } from "@latchkey/core/store";
import { columns } from "./columns.ts";
import type { SqlRow } from "./driver.ts";

/** Reads a session; throws if the row is corrupt. */
export function readSession(row: SqlRow): SessionRow {
  return readStoredSession(columns("latchkey_sessions", row));
}

/** Reads a row that a statement returned for a session that it ended. */
export function readEnded(row: SqlRow): EndedSession {
  const read = columns("latchkey_sessions", row);
  return {
    id: read.text("id"),
    userId: read.text("user_id"),
    reason: read.oneOf("end_reason", endReasons),
  };
}
