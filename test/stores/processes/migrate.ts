import { DatabaseSync } from "node:sqlite";
import { migrate, sqlite } from "@latchkey/sql/sqlite";

// Opens a database at the agreed time, migrates it, and uses it.
const [file = "", start = "0", name = ""] = process.argv.slice(2);
while (Date.now() < Number(start));

const database = new DatabaseSync(file);
const store = sqlite(database);
await migrate(store);
const user = {
  email: `${name}@example.com`,
  username: null,
  name: null,
  picture: null,
  emailVerified: false,
};
const rest = { passwordHash: null, credentialsVersion: 1, createdAt: 0, disabledAt: null };
await store.users.create({ id: name, ...user, ...rest });
database.close();
