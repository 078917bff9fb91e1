import { execFileSync } from "node:child_process";
import { DatabaseSync } from "node:sqlite";
import { memory } from "@latchkey/core/memory";
import type { Store } from "@latchkey/core/store";
import { redis } from "@latchkey/redis";
import { migrate as migratePostgres, postgres } from "@latchkey/sql/postgres";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { createClient } from "redis";
import { startPostgres } from "../stores/postgres-server.ts";
import { startRedis } from "../stores/redis-server.ts";

/** A kind of store. Several can be open in one place. */
export interface StorePlace {
  readonly name: string;
  readonly open: () => Promise<Store>;
  readonly close: () => Promise<void>;
}

/** The places that this machine has. It says which one is missing. */
export async function storePlaces(): Promise<readonly StorePlace[]> {
  const places = [memoryPlace, sqlitePlace(), await postgresPlace()];
  if (hasRedis()) return [...places, await redisPlace()];
  console.log("Redis is skipped: there is no redis-server here, and no REDIS_URL");
  return places;
}

export const memoryPlace: StorePlace = {
  name: "memory",
  open: async () => memory(),
  close: async () => undefined,
};

function sqlitePlace(): StorePlace {
  const databases: DatabaseSync[] = [];
  return {
    name: "SQLite",
    open: async () => {
      const database = new DatabaseSync(":memory:");
      databases.push(database);
      const store = sqlite(database);
      await migrate(store);
      return store;
    },
    close: async () => {
      for (const database of databases) database.close();
    },
  };
}

async function postgresPlace(): Promise<StorePlace> {
  const server = await startPostgres();
  const admin = server.pool(1);
  const schemas: string[] = [];
  return {
    name: "PostgreSQL",
    open: async () => {
      const schema = `${server.schema}_${schemas.length}`;
      schemas.push(schema);
      await admin.query(`CREATE SCHEMA ${schema}`);
      const store = postgres(server.pool(2, schema), { clock: "caller" });
      await migratePostgres(store);
      return store;
    },
    close: async () => {
      for (const schema of schemas) await admin.query(`DROP SCHEMA ${schema} CASCADE`);
      await server.stop();
    },
  };
}

function hasRedis(): boolean {
  if (process.env["REDIS_URL"] !== undefined) return true;
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function redisPlace(): Promise<StorePlace> {
  const prefix = `latchkey-bench-${process.pid}:`;
  const server = await startRedis(prefix);
  const client = await createClient({ url: server.url }).connect();
  let count = 0;
  return {
    name: "Redis",
    open: async () => redis(client, { prefix: `${prefix}${count++}:`, clock: "caller" }),
    close: async () => {
      client.destroy();
      await server.stop();
    },
  };
}
