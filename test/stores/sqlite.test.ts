import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describeStore } from "@latchkey/core/testing";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { describe, it } from "vitest";

describeStore({ describe, it }, "SQLite in memory", async () => {
  const database = new DatabaseSync(":memory:");
  const store = sqlite(database);
  await migrate(store);
  return { store, close: async () => database.close() };
});

describeStore({ describe, it }, "SQLite in a file", async () => {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-"));
  const database = new DatabaseSync(join(directory, "store.db"));
  const store = sqlite(database);
  await migrate(store);
  const close = async (): Promise<void> => {
    database.close();
    rmSync(directory, { recursive: true });
  };
  return { store, close };
});
