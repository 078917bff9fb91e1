import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { migrate, sqlite } from "@latchkey/sql/sqlite";

const folder = process.env["LATCHKEY_EXAMPLE_DIR"] ?? ".latchkey";
mkdirSync(folder, { recursive: true, mode: 0o700 });
const file = join(folder, "next-app.db");

/** The store of Latchkey, with its own connection. */
export const store = sqlite(new DatabaseSync(file));
await migrate(store);

/** The data of this application. */
export const database = new DatabaseSync(file);
database.exec("PRAGMA busy_timeout = 5000");
database.exec("CREATE TABLE IF NOT EXISTS notes (user_id TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT");
