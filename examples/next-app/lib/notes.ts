import { database } from "./store.ts";

/** The note of a user; "" if there is none. */
export function noteOf(userId: string): string {
  const row = database.prepare("SELECT text FROM notes WHERE user_id = ?").get(userId);
  return typeof row?.["text"] === "string" ? row["text"] : "";
}

export function writeNote(userId: string, text: string): void {
  database
    .prepare("INSERT INTO notes VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET text = excluded.text")
    .run(userId, text);
}
