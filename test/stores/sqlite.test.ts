import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SqliteDatabase } from "@latchkey/sql/sqlite";
import { describeStore, type StoreUnderTest } from "@latchkey/store-contract";
import Better from "better-sqlite3";
import { describe, it } from "vitest";
import { migrated } from "./files.ts";

type Closable = SqliteDatabase & { close(): unknown };

async function on(database: Closable): Promise<StoreUnderTest> {
  const store = await migrated(database);
  return {
    store,
    close: async () => {
      database.close();
    },
  };
}

async function inFile(open: (file: string) => Closable): Promise<StoreUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-"));
  const { store, close } = await on(open(join(directory, "store.db")));
  return {
    store,
    close: async () => {
      await close?.();
      rmSync(directory, { recursive: true });
    },
  };
}

describeStore({ describe, it }, "node:sqlite in memory", () => on(new DatabaseSync(":memory:")));
describeStore({ describe, it }, "node:sqlite in a file", () => inFile((file) => new DatabaseSync(file)));
describeStore({ describe, it }, "better-sqlite3 in memory", () => on(new Better(":memory:")));
describeStore({ describe, it }, "better-sqlite3 in a file", () => inFile((file) => new Better(file)));
