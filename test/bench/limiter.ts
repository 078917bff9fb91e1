import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { memory } from "@latchkey/core/memory";
import type { Store, ThrottleAttempt } from "@latchkey/core/store";
import { redis } from "@latchkey/redis";
import { migrate as migratePostgres, postgres } from "@latchkey/sql/postgres";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { createClient } from "redis";
import { startPostgres } from "../stores/postgres-server.ts";
import { ownRedis } from "../stores/redis-server.ts";

// A flood of made-up accounts and addresses: what each counter costs, and what a sign-in costs beside them.
const SIZES = [1_000, 1_000_000] as const;
const MEASURED = 200;
const ROUNDS = 15;
const MOST_GROWTH = 1.5;
const START = 1_900_000_000;
const WINDOW = 900;

/** A store of attempts, and what it holds. */
interface Place {
  readonly name: string;
  readonly throttle: Store["throttle"];
  /** Makes counters of one attempt each, from one number to another. */
  readonly fill: (from: number, to: number) => Promise<void>;
  readonly bytes: () => Promise<number>;
  readonly keys: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** A key as long as those of Latchkey. */
const keyOf = (name: string): string => name.padEnd(43, "x");

/** The seven buckets of a sign-in from an IPv6 address. */
function attemptsOf(name: string): readonly ThrottleAttempt[] {
  const rule = { limit: 1_000_000, window: WINDOW };
  return Array.from({ length: 7 }, (_, n) => ({ key: keyOf(`${name} ${n}`), rule }));
}

function garbageCollected(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function memoryPlace(): Place {
  const { throttle } = memory();
  const before = garbageCollected();
  let filled = 0;
  return {
    name: "memory",
    throttle,
    fill: async (from, to) => {
      const rule = { limit: 10, window: WINDOW };
      for (let n = from; n < to; n++) await throttle.hit([{ key: keyOf(`filler ${n}`), rule }], START);
      filled = to;
    },
    bytes: async () => garbageCollected() - before,
    // The store keeps 100,000 counters at most.
    keys: async () => Math.min(filled, 100_000),
    close: async () => undefined,
  };
}

async function redisPlace(): Promise<Place> {
  const server = await ownRedis();
  await server.start();
  const client = await createClient({ url: server.url }).connect();
  const { throttle } = redis(client, { clock: "caller" });
  const used = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
  const before = await used();
  const insert = `for n = ARGV[1], ARGV[2] - 1 do
    local key = 'latchkey:attempts:filler ' .. n
    key = key .. string.rep('x', 61 - #key)
    redis.call('HSET', key, 'count', 1, 'since', ARGV[3])
    redis.call('EXPIRE', key, ARGV[4])
  end`;
  return {
    name: "Redis",
    throttle,
    fill: async (from, to) => {
      for (let n = from; n < to; n += 10_000) {
        const values = [n, Math.min(n + 10_000, to), START, 99_999].map(String);
        await client.eval(insert, { keys: [], arguments: values });
      }
    },
    bytes: async () => (await used()) - before,
    keys: () => client.dbSize(),
    close: async () => {
      client.destroy();
      await server.remove();
    },
  };
}

const FILLER = `INSERT INTO latchkey_attempts (key, attempts, since, over_at, refused)
SELECT substr('filler ' || n || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 1, 43), 1, ${START}, ${START + WINDOW}, 0
FROM numbers`;

async function sqlitePlace(): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-limiter-"));
  const file = join(directory, "auth.db");
  const database = new DatabaseSync(file);
  const store = sqlite(database);
  await migrate(store);
  const checkpoint = (): void => database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  checkpoint();
  const before = statSync(file).size;
  const numbers =
    "WITH RECURSIVE numbers(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?)";
  return {
    name: "SQLite",
    throttle: store.throttle,
    fill: async (from, to) => {
      database.prepare(`${numbers} ${FILLER}`).run(from, to);
      checkpoint();
    },
    bytes: async () => {
      checkpoint();
      return statSync(file).size - before;
    },
    keys: async () => Number(database.prepare("SELECT count(*) AS n FROM latchkey_attempts").get()?.["n"]),
    close: async () => {
      database.close();
      rmSync(directory, { recursive: true });
    },
  };
}

async function postgresPlace(): Promise<Place> {
  const server = await startPostgres();
  const pool = server.pool(4);
  const store = postgres(pool, { clock: "caller" });
  await migratePostgres(store);
  const numberOf = async (sql: string): Promise<number> => Number((await pool.query(sql)).rows[0]?.n);
  return {
    name: "PostgreSQL",
    throttle: store.throttle,
    fill: async (from, to) => {
      const numbers = `WITH numbers AS (SELECT n FROM generate_series(${from}, ${to - 1}) AS n)`;
      await pool.query(`${numbers} ${FILLER}`);
      await pool.query("VACUUM ANALYZE latchkey_attempts");
    },
    bytes: () => numberOf("SELECT pg_total_relation_size('latchkey_attempts') AS n"),
    keys: () => numberOf("SELECT count(*) AS n FROM latchkey_attempts"),
    close: () => server.stop(),
  };
}

/** Microseconds a sign-in, counted and given back: the best of a few rounds. */
async function cost({ throttle }: Place): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let n = 0; n < MEASURED; n++) {
      const attempts = attemptsOf(`measured ${n}`);
      const { allowed } = await throttle.hit(attempts, START);
      if (!allowed) throw new Error("refused");
      await throttle.release(attempts.map(({ key }) => key));
    }
    least = Math.min(least, ((performance.now() - start) * 1_000) / MEASURED);
  }
  return least;
}

async function measure(place: Place): Promise<boolean> {
  let filled = 0;
  let first = 0;
  let growth = 1;
  for (const size of SIZES) {
    await place.fill(filled, size);
    filled = size;
    const [bytes, keys] = [await place.bytes(), await place.keys()];
    const micros = await cost(place);
    if (first === 0) first = micros;
    growth = micros / first;
    const held = `${(bytes / 1e6).toFixed(1)} MB, ${Math.round(bytes / keys)} bytes each`;
    console.log(
      `${place.name}: ${size} keys: holds ${keys}, ${held}; a sign-in ${micros.toFixed(0)} us, ${growth.toFixed(2)} of 1,000's`,
    );
  }
  await place.close();
  return growth <= MOST_GROWTH;
}

const isSteady = [
  await measure(memoryPlace()),
  await measure(await redisPlace()),
  await measure(await sqlitePlace()),
  await measure(await postgresPlace()),
];
process.exitCode = isSteady.every(Boolean) ? 0 : 1;
