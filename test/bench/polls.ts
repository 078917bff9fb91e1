import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { FeedPage, SessionStore } from "@latchkey/core/store";
import { redis } from "@latchkey/redis";
import { migrate as migratePostgres, postgres } from "@latchkey/sql/postgres";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { createClient } from "redis";
import { startPostgres } from "../stores/postgres-server.ts";
import { startRedis } from "../stores/redis-server.ts";
import { START, session, sessionIdOf } from "../stores/sessions.ts";

const SMALL = 1_000;
const LARGE = Number(process.argv[2] ?? 1_000_000);
const WARM_UP = 20;
const ROUNDS = 200;
const POLLS = 10;
const MOST_GROWTH = 1.2;
const freely = { ifVersion: null, limit: null, replaces: [] } as const;
const revoked = { reason: "revoked", now: START } as const;

/** Two stores of one kind, with few sessions and with many, half of which ended long ago. */
interface Pair {
  readonly name: string;
  readonly small: SessionStore;
  readonly large: SessionStore;
  readonly close: () => Promise<void>;
}

const COLUMNS = `id, user_id, family_hash, root_hash, root_generation, generation, context, device,
  transport, amr, created_at, auth_time, refreshed_at, access_lifetime, idle_lifetime, expires_at`;

const values = (
  n: string,
): string => `'filler-' || ${n}, 'user-' || (${n} / 3), 'f' || ${n}, 'r' || ${n}, 0, 0, '{}',
  '{"userAgent":null,"address":null}', 'cookie', '[]', ${START}, ${START}, ${START}, 600, 86400, ${START} + 86400`;

const SLICE = 1_000;

// Their triggers run. The last of them end more than two hours before the measurement.
async function endHalf(count: number, run: (sql: string) => unknown): Promise<void> {
  for (let from = 0; from < count; from += SLICE) {
    await run(`UPDATE latchkey_sessions SET end_reason = 'logout', ended_at = ${START} - 9000 - ${count} + seq
      WHERE seq % 2 = 0 AND seq > ${from} AND seq <= ${from + SLICE}`);
  }
}

async function sqlitePair(): Promise<Pair> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-polls-"));
  const open = async (count: number): Promise<SessionStore> => {
    const database = new DatabaseSync(join(directory, `${count}.db`));
    const store = sqlite(database);
    await migrate(store);
    database.exec(`WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
      INSERT INTO latchkey_sessions (${COLUMNS}) SELECT ${values("n")} FROM numbers`);
    await endHalf(count, (sql) => database.exec(sql));
    await store.sessions.prune({ userId: null, keep: true, now: START });
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return store.sessions;
  };
  const [small, large] = [await open(SMALL), await open(LARGE)];
  return { name: "SQLite", small, large, close: async () => rmSync(directory, { recursive: true }) };
}

async function postgresPair(): Promise<Pair> {
  const server = await startPostgres();
  const admin = server.pool(1);
  const open = async (count: number): Promise<SessionStore> => {
    const schema = `${server.schema}_${count}`;
    await admin.query(`CREATE SCHEMA ${schema}`);
    const pool = server.pool(1, schema);
    const store = postgres(pool, { clock: "caller" });
    await migratePostgres(store);
    await pool.query(`INSERT INTO latchkey_sessions (${COLUMNS})
      SELECT ${values("n")} FROM generate_series(1, ${count}) AS n`);
    await endHalf(count, (sql) => pool.query(sql));
    await store.sessions.prune({ userId: null, keep: true, now: START });
    await pool.query("VACUUM ANALYZE");
    return store.sessions;
  };
  const [small, large] = [await open(SMALL), await open(LARGE)];
  return { name: "PostgreSQL", small, large, close: () => server.stop() };
}

/** ARGV: prefix, the first and the last number. Rows as the store writes them. The entries of those that ended are deleted. */
const FILL = `
for n = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  local base = ARGV[1] .. '{filler' .. n .. '}:'
  redis.call('HSET', base .. 'session:' .. n, 'id', n, 'user_id', n, 'family_hash', 'f' .. n, 'root_hash', 'r' .. n,
    'root_generation', 0, 'generation', 0, 'context', '{}', 'transport', 'cookie', 'amr', '[]', 'access_lifetime', 600)
  if n % 2 == 0 then redis.call('HSET', base .. 'session:' .. n, 'ended_at', 1, 'end_reason', 'logout') end
  redis.call('ZADD', base .. 'sessions:' .. n, 'inf', n)
end
return 1`;

async function redisPair(): Promise<Pair> {
  const prefix = `latchkey-polls-${process.pid}:`;
  const server = await startRedis(prefix);
  const client = await createClient({ url: server.url }).connect();
  const open = async (count: number): Promise<SessionStore> => {
    const { sessions } = redis(client, { prefix: `${prefix}${count}:`, clock: "caller" });
    for (let from = 1; from <= count; from += 10_000) {
      const last = Math.min(from + 9_999, count);
      await client.eval(FILL, {
        arguments: [`${prefix}${count}:`, `${from}`, `${last}`],
      });
    }
    return sessions;
  };
  const [small, large] = [await open(SMALL), await open(LARGE)];
  const close = async (): Promise<void> => {
    await client.close();
    await server.stop();
  };
  return { name: "Redis", small, large, close };
}

/** Makes one entry that is live, and returns the cursor before and after it. */
async function endOne(sessions: SessionStore): Promise<{ readonly before: string; readonly after: string }> {
  for (const name of ["first", "last"]) await sessions.create(session(name), freely);
  await sessions.end(sessionIdOf("first"), null, revoked);
  const before = await readToEnd(sessions);
  await sessions.end(sessionIdOf("last"), null, revoked);
  return { before, after: await readToEnd(sessions, before) };
}

async function readToEnd(sessions: SessionStore, start: string | null = null): Promise<string> {
  let page: FeedPage = await sessions.endedSince(start, 1_000, START);
  while (page.more || page.entries.length > 0) page = await sessions.endedSince(page.cursor, 1_000, START);
  return page.cursor;
}

/** Microseconds for a poll, and a check of the number of entries that it finds. */
async function pollTime(sessions: SessionStore, cursor: string | null, found: number): Promise<number> {
  const start = performance.now();
  for (let n = 0; n < POLLS; n++) {
    const { entries } = await sessions.endedSince(cursor, 100, START);
    if (entries.length < found) throw new Error(`a poll found ${entries.length} entries`);
  }
  return ((performance.now() - start) * 1_000) / POLLS;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

async function measure({ name, small, large, close }: Pair): Promise<boolean> {
  const cursors = { small: await endOne(small), large: await endOne(large) };
  const polls: Readonly<Record<string, readonly [string | null, string | null, number]>> = {
    "finds nothing": [cursors.small.after, cursors.large.after, 0],
    "finds one entry": [cursors.small.before, cursors.large.before, 1],
    "starts without a cursor": [null, null, 2],
  };
  let isSteady = true;
  for (const [title, [inSmall, inLarge, found]] of Object.entries(polls)) {
    const times: { readonly small: number[]; readonly large: number[] } = { small: [], large: [] };
    for (let round = 0; round < WARM_UP; round++) {
      await pollTime(small, inSmall, found);
      await pollTime(large, inLarge, found);
    }
    for (let round = 0; round < ROUNDS; round++) {
      // By turns, and in both orders: other work of the machine slows both.
      const first = round % 2 === 0;
      if (first) times.small.push(await pollTime(small, inSmall, found));
      times.large.push(await pollTime(large, inLarge, found));
      if (!first) times.small.push(await pollTime(small, inSmall, found));
    }
    const growth = median(times.large) / median(times.small);
    isSteady &&= growth <= MOST_GROWTH;
    const micros = `${median(times.small).toFixed(0)} µs of ${SMALL}, ${median(times.large).toFixed(0)} µs of ${LARGE}`;
    console.log(`${name}, a poll that ${title}: ${micros} sessions, ratio ${growth.toFixed(2)}`);
  }
  await close();
  return isSteady;
}

let isSteady = true;
const only = process.argv[3];
for (const open of [sqlitePair, postgresPair, redisPair].filter(({ name }) => name.startsWith(only ?? "")))
  isSteady = (await measure(await open())) && isSteady;
process.exitCode = isSteady ? 0 : 1;
