import { DatabaseSync } from "node:sqlite";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { agreedStart } from "../../fixtures/run-together.ts";

// Opens a database at the agreed time, migrates it, and uses it.
const [file = "", name = ""] = process.argv.slice(2);
const start = await agreedStart();
while (Date.now() < start);

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
