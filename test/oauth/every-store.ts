import type { Store } from "@latchkey/core";
import { redis } from "@latchkey/redis";
import { migrate, postgres } from "@latchkey/sql/postgres";
import { afterAll, beforeAll, describe } from "vitest";
import { type StoreKind, stores } from "../rows/stores.ts";
import { startPostgres, type TestPostgres } from "../stores/postgres-server.ts";
import { nodeRedis } from "../stores/redis-clients.ts";
import { describeRedis, startRedis } from "../stores/redis-server.ts";

const CONNECTIONS = 32;
const TABLES = ["sessions", "users", "documents", "accounts", "tokens", "attempts"];

/** Declares the same tests on memory, SQLite, Redis and PostgreSQL. */
export function onEveryStore(declare: (make: StoreKind["make"]) => void): void {
  for (const { name, make } of stores) describe(name, () => declare(make));
  describeRedis("Redis", () => declare(inRedis()));
  describe("PostgreSQL", () => declare(inPostgres()));
}

function inRedis(): StoreKind["make"] {
  const run = `latchkey-oauth-${process.pid}:`;
  let server: Awaited<ReturnType<typeof startRedis>>;
  let clients: Awaited<ReturnType<typeof nodeRedis>>;
  let count = 0;
  beforeAll(async () => {
    server = await startRedis(run);
    clients = await nodeRedis(server.url, CONNECTIONS);
  });
  afterAll(async () => {
    await clients.close();
    await server.stop();
  });
  return async (): Promise<Store> => redis(clients.client, { clock: "caller", prefix: `${run}${count++}:` });
}

function inPostgres(): StoreKind["make"] {
  let server: TestPostgres;
  let pool: ReturnType<TestPostgres["pool"]>;
  beforeAll(async () => {
    server = await startPostgres();
    pool = server.pool(CONNECTIONS);
    await migrate(postgres(pool, { clock: "caller" }));
  });
  afterAll(() => server.stop());
  return async (): Promise<Store> => {
    await pool.query(`TRUNCATE ${TABLES.map((name) => `latchkey_${name}`).join(", ")}`);
    return postgres(pool, { clock: "caller" });
  };
}
