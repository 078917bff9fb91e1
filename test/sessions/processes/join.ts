import { DatabaseSync } from "node:sqlite";
import { createAuth } from "@latchkey/core";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { readInput, waitForAll } from "./input.ts";

// Starts on a file that may be new, at the same moment as its siblings; prints the token of a user it made.
const { file, index, clock } = readInput();
await waitForAll();

const store = sqlite(new DatabaseSync(file));
await migrate(store);
const auth = createAuth({ store, env: { clock: () => clock } });
const { id } = await auth.users.create({ email: `user-${index}@example.com` });
const { accessToken } = await auth.sessions.create(id);
console.log(JSON.stringify(accessToken));
