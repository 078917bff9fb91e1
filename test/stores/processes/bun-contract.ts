import { Database } from "bun:sqlite";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { describeStore } from "@latchkey/store-contract";

// Runs the store contract on bun:sqlite, in Bun, and prints how many cases held.
interface Case {
  readonly name: string;
  readonly body: () => Promise<void>;
}
const cases: Case[] = [];

for (const file of [":memory:", process.argv[2] ?? ""]) {
  let made = 0;
  describeStore(
    { describe: (_, body) => body(), it: (name, body) => cases.push({ name, body }) },
    file,
    async () => {
      const database = new Database(file === ":memory:" ? file : `${file}-${made++}`);
      const store = sqlite(database);
      await migrate(store);
      return { store, close: async () => database.close() };
    },
  );
}

const failures: string[] = [];
for (const { name, body } of cases) {
  await body().catch((error: unknown) => failures.push(`${name}: ${error}`));
}
console.log(JSON.stringify({ cases: cases.length, failures }));
