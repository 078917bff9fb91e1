import type { EndReason, FeedPage, SessionStore } from "@latchkey/core/store";
import { migrate, postgres } from "@latchkey/sql/postgres";
import type { Pool, PoolClient } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";
import { LEASE, rotationOf, START, session, sessionIdOf } from "./sessions.ts";

const freely = { ifVersion: null, limit: null, replaces: [] } as const;
const revoked = { reason: "revoked", now: START } as const;

let server: TestPostgres;
let pool: Pool;
let sessions: SessionStore;
beforeAll(async () => {
  server = await startPostgres();
  pool = server.pool();
  const store = postgres(pool, { clock: "caller" });
  await migrate(store);
  sessions = store.sessions;
});
beforeEach(() => pool.query("TRUNCATE latchkey_sessions, latchkey_feed"));
afterAll(() => server.stop());

describe("while a transaction that ended a session is open", () => {
  for (const limit of [1, 2, 3, 100]) {
    test(`later ends are read at once, and its own after its commit, in pages of ${limit}`, async () => {
      const names = Array.from({ length: 7 }, (_, n) => `later ${n}`);
      for (const name of ["before", "first", ...names]) await sessions.create(session(name), freely);
      const reader = follow(limit);
      await sessions.end(sessionIdOf("before"), null, revoked);
      await reader.read();
      const open = await beginEnd("first");
      for (const name of names) {
        await sessions.end(sessionIdOf(name), null, revoked);
        await reader.read();
        expect(reader.seen.has(sessionIdOf(name)), name).toBe(true);
      }
      expect(reader.seen.has(sessionIdOf("first"))).toBe(false);
      await commit(open);
      await reader.read();
      expect(reader.seen.has(sessionIdOf("first"))).toBe(true);
      expect(reader.seen.size).toBe(names.length + 2);
      const end = await reader.read();
      expect(await sessions.endedSince(end.cursor, limit, START)).toEqual({
        ...end,
        entries: [],
        more: false,
      });
    });
  }

  test("a page that was read before its commit misses nothing after it", async () => {
    for (const name of ["first", "second", "third"]) await sessions.create(session(name), freely);
    const open = await beginEnd("first");
    await sessions.end(sessionIdOf("second"), null, revoked);
    await sessions.end(sessionIdOf("third"), null, revoked);
    const page = await sessions.endedSince(null, 1, START);
    expect(page).toMatchObject({ entries: [{ sessionId: sessionIdOf("second") }], more: true });
    await commit(open);
    const reader = follow(1, page.cursor);
    await reader.read();
    await reader.read();
    expect(reader.seen.has(sessionIdOf("first"))).toBe(true);
    expect(reader.seen.has(sessionIdOf("third"))).toBe(true);
  });

  test("a transaction that is rolled back leaves no entry", async () => {
    await sessions.create(session("first"), freely);
    const open = await beginEnd("first");
    await open.query("ROLLBACK");
    open.release();
    expect((await sessions.endedSince(null, 10, START)).entries).toEqual([]);
  });
});

test("400 transactions of all lengths end sessions while 3 clients read: each client reads each end", async () => {
  const names = Array.from({ length: 400 }, (_, n) => `session ${n}`);
  for (const name of names) await sessions.create(session(name), freely);
  let running = true;
  const readers = [1, 3, 50].map((limit) => follow(limit));
  const reading = readers.map(async (reader) => {
    while (running) await reader.read();
    await reader.read();
  });
  const workers = Array.from({ length: 16 }, async (_, worker) => {
    for (const [n, name] of names.entries()) {
      if (n % 16 !== worker) continue;
      const open = await beginEnd(name);
      await new Promise((resolve) => setTimeout(resolve, n % 7 === 0 ? 40 : n % 3));
      await commit(open);
    }
  });
  await Promise.all(workers);
  running = false;
  await Promise.all(reading);
  for (const { seen } of readers) expect(names.filter((name) => !seen.has(sessionIdOf(name)))).toEqual([]);
});

test("a cursor of another database starts again", async () => {
  await sessions.create(session("phone"), freely);
  await sessions.end(sessionIdOf("phone"), null, revoked);
  const { cursor } = await sessions.endedSince(null, 10, START);
  expect((await sessions.endedSince(cursor, 10, START)).entries).toEqual([]);
  // The same transaction and number, as a restored database may have them.
  await pool.query("UPDATE latchkey_feed SET mark = '00000000'");
  expect((await sessions.endedSince(cursor, 10, START)).entries.length).toBe(1);
  await pool.query("TRUNCATE latchkey_feed");
  const page = await sessions.endedSince(cursor, 10, START);
  expect(page).toEqual({ entries: [], cursor: "0", more: false });
});

test("entries of a restored dump, whose transactions are later than all of this server, are read", async () => {
  for (const name of ["old", "new"]) await sessions.create(session(name), freely);
  await sessions.end(sessionIdOf("old"), null, revoked);
  await pool.query("UPDATE latchkey_feed SET xid = xid + 1000000000");
  const reader = follow(10);
  await reader.read();
  await sessions.end(sessionIdOf("new"), null, revoked);
  await reader.read();
  expect(reader.seen.size).toBe(2);
});

test("a cursor of the server of a restored dump starts again, because new transactions have smaller ids", async () => {
  for (const name of ["old", "new"]) await sessions.create(session(name), freely);
  await sessions.end(sessionIdOf("old"), null, revoked);
  const { cursor } = await sessions.endedSince(null, 10, START);
  await pool.query("UPDATE latchkey_feed SET xid = xid + 1000000000");
  const [xid = "", ...rest] = cursor.split(".");
  const reader = follow(10, [(Number.parseInt(xid, 36) + 1_000_000_000).toString(36), ...rest].join("."));
  await sessions.end(sessionIdOf("new"), null, revoked);
  await reader.read();
  expect(reader.seen.has(sessionIdOf("new"))).toBe(true);
});

test("the end of 2,000 sessions is one entry of the user, and ends beside it have their own", async () => {
  await pool.query(`INSERT INTO latchkey_sessions (id, user_id, family_hash, root_generation, generation, context,
      device, transport, amr, created_at, auth_time, refreshed_at, access_lifetime)
    SELECT 's' || n, 'ann', 'f', 0, 0, '{}', '{}', 'cookie', '[]', n, 0, 0, 60 + n FROM generate_series(1, 2000) AS n`);
  await sessions.create(session("bob", { userId: "bob" }), freely);
  const open = await beginEnd("bob");
  expect((await sessions.endAll("ann", "s7", revoked)).length).toBe(1_999);
  await commit(open);
  await sessions.end("s7", null, { reason: "logout", now: START + 1 });
  const { entries } = await sessions.endedSince(null, 10, START);
  expect([...entries].sort((a, b) => a.until - b.until)).toEqual([
    { kind: "ended", sessionId: "s7", at: START + 1, until: START + 1 + 67 },
    { kind: "ended", sessionId: sessionIdOf("bob"), at: START, until: START + 600 },
    { kind: "user", userId: "ann", at: START, until: START + 2_060 },
  ]);
});

test("a rotation writes no index and calls no trigger", async () => {
  await pool.query("ALTER TABLE latchkey_sessions SET (autovacuum_enabled = false)");
  await sessions.create(session("phone"), freely);
  const before = await updates();
  const client = await pool.connect();
  for (let n = 0; n < 20; n++) {
    const at = START + n * LEASE;
    await sessions.rotate({ ...rotationOf("phone", n, at), policy: { lease: LEASE, transport: null } });
  }
  client.release();
  const after = await updates();
  expect(after.all - before.all).toBe(20);
  expect(after.hot - before.hot).toBe(20);
  expect((await sessions.endedSince(null, 10, START)).entries).toEqual([]);
});

async function updates(): Promise<{ readonly all: number; readonly hot: number }> {
  // Each connection reports its own counts at most once a second.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await Promise.all(Array.from({ length: 8 }, () => pool.query("SELECT pg_stat_clear_snapshot()")));
  const { rows } = await pool.query(
    `SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables
      WHERE relid = 'latchkey_sessions'::regclass`,
  );
  return rows[0];
}

interface Reader {
  readonly seen: Set<string>;
  /** Reads to the end of the feed. */
  read(): Promise<FeedPage>;
}

function follow(limit: number, start: string | null = null): Reader {
  const seen = new Set<string>();
  let cursor = start;
  return {
    seen,
    read: async () => {
      for (;;) {
        const page = await sessions.endedSince(cursor, limit, START);
        expect(page.entries.length).toBeLessThanOrEqual(limit);
        for (const entry of page.entries) if ("sessionId" in entry) seen.add(entry.sessionId);
        ({ cursor } = page);
        if (!page.more) return page;
      }
    },
  };
}

async function beginEnd(name: string, reason: EndReason = "revoked"): Promise<PoolClient> {
  const client = await pool.connect();
  await client.query("BEGIN");
  await client.query("UPDATE latchkey_sessions SET ended_at = $1, end_reason = $2 WHERE id = $3", [
    START,
    reason,
    sessionIdOf(name),
  ]);
  return client;
}

async function commit(client: PoolClient): Promise<void> {
  await client.query("COMMIT");
  client.release();
}
