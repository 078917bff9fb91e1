import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { Store } from "@latchkey/core/store";
import { migrate as migratePostgres, postgres } from "@latchkey/sql/postgres";
import { migrate, sqlite } from "@latchkey/sql/sqlite";
import { startPostgres } from "../stores/postgres-server.ts";
import { LEASE, rotationOf, START, session } from "../stores/sessions.ts";

const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const;
const MEASURED = 200;
const ROUNDS = 5;
const MOST_GROWTH = 1.5;

/** A store, and a way to fill its table with sessions of other people, from one number to another. */
interface Place {
  readonly name: string;
  readonly store: Store;
  readonly fill: (from: number, to: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

// Both dialects insert a made-up row for each number that `numbers` yields.
const filler = (numbers: string): string => `${numbers}
INSERT INTO latchkey_sessions (id, user_id, family_hash, root_hash, root_generation, generation, context, device,
  transport, amr, created_at, auth_time, refreshed_at, access_lifetime, idle_lifetime, expires_at)
SELECT 'filler-' || n, 'user-' || (n / 3), 'f' || n, 'r' || n, 0, 0, '{}',
  '{"userAgent":null,"address":null}', 'cookie', '[]', ${START}, ${START}, ${START}, 600, 86400, ${START} + 86400
FROM numbers`;

async function sqlitePlace(): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-growth-"));
  const database = new DatabaseSync(join(directory, "auth.db"));
  const store = sqlite(database);
  await migrate(store);
  const numbers =
    "WITH RECURSIVE numbers(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?)";
  const insert = filler(numbers);
  return {
    name: "SQLite",
    store,
    fill: async (from, to) => {
      database.prepare(insert).run(from, to);
      // Else every read looks through the log of the filling first.
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    },
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
  return {
    name: "PostgreSQL",
    store,
    fill: async (from, to) => {
      const numbers = `WITH numbers AS (SELECT n FROM generate_series(${from}, ${to - 1}) AS n)`;
      await pool.query(filler(numbers));
      await pool.query("VACUUM ANALYZE latchkey_sessions");
    },
    close: () => server.stop(),
  };
}

const names = Array.from({ length: MEASURED }, (_, index) => `measured-${index}`);
let generation = 0;

/** Microseconds a call: the best of a few rounds. */
async function best(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work();
    least = Math.min(least, ((performance.now() - start) * 1_000) / MEASURED);
  }
  return least;
}

async function rotateAll({ sessions }: Store): Promise<void> {
  const now = START + (generation + 1) * (LEASE + 1);
  for (const name of names) {
    const after = await sessions.rotate(rotationOf(name, generation, now));
    if (after?.row.generation !== generation + 1) throw new Error("no rotation");
  }
  generation++;
}

async function listAll({ sessions }: Store): Promise<void> {
  for (const name of names) {
    const rows = await sessions.list(`owner-${name}`, START);
    if (rows.length !== 1) throw new Error("no listing");
  }
}

async function measure(place: Place): Promise<boolean> {
  const { name, store } = place;
  generation = 0;
  for (const each of names) {
    const row = session(each, { userId: `owner-${each}`, idleLifetime: null, expiresAt: null });
    await store.sessions.create(row, { ifVersion: null, limit: null, replaces: [] });
  }
  let filled = MEASURED;
  let first = { rotate: 0, list: 0 };
  let isSteady = true;
  for (const size of SIZES) {
    await place.fill(filled, size);
    filled = size;
    const found = { rotate: await best(() => rotateAll(store)), list: await best(() => listAll(store)) };
    if (first.rotate === 0) first = found;
    const growth = found.rotate / first.rotate;
    isSteady &&= growth <= MOST_GROWTH;
    const listing = found.list / first.list;
    console.log(
      `${name} ${size} sessions: rotate ${growth.toFixed(2)}, list ${listing.toFixed(2)} of 1,000's`,
    );
  }
  await place.close();
  return isSteady;
}

/** Runs another program that fills stores: the feed of ended sessions, or the counters of attempts. */
function run(...words: readonly string[]): boolean {
  const paths = words.map((word) =>
    word.endsWith(".ts") ? fileURLToPath(new URL(word, import.meta.url)) : word,
  );
  return spawnSync(process.execPath, paths, { stdio: "inherit" }).status === 0;
}

const isSteady = [
  await measure(await sqlitePlace()),
  await measure(await postgresPlace()),
  run("polls.ts"),
  run("--expose-gc", "limiter.ts"),
];
process.exitCode = isSteady.every(Boolean) ? 0 : 1;
