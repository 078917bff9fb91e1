import { rotationOutcome } from "@latchkey/core/store";
import { migrate, type PgPool, postgres } from "@latchkey/sql/postgres";
import type { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";
import { digestOf, LEASE, rotationOf, START, session, sessionIdOf } from "./sessions.ts";

const freely = { ifVersion: null, limit: null, replaces: [] } as const;

let server: TestPostgres;
let pool: Pool;
beforeAll(async () => {
  server = await startPostgres();
  pool = server.pool();
  await migrate(postgres(pool));
});
beforeEach(() => pool.query("TRUNCATE latchkey_sessions"));
afterAll(() => server.stop());

test("an answer with an access token only writes no tuple, and a rotation writes one", async () => {
  const { sessions } = postgres(pool, { clock: "caller" });
  await sessions.create(session("phone"), freely);
  await sessions.rotate(rotationOf("phone", 0, START));
  const before = await versionOf("phone");
  for (const generation of [0, 1, 0, 1]) {
    const rotation = rotationOf("phone", generation, START + 1, digestOf("unused"));
    const after = await sessions.rotate(rotation);
    expect(after && rotationOutcome(after.row, rotation.token, rotation.next)).toBe("access_only");
    expect(await versionOf("phone")).toEqual(before);
  }
  await sessions.rotate(rotationOf("phone", 1, START + LEASE));
  const after = await versionOf("phone");
  expect(after).not.toEqual(before);
  expect(after.at.replace(/,.*/, "")).toBe(before.at.replace(/,.*/, ""));
});

async function versionOf(name: string): Promise<{ readonly at: string; readonly by: string }> {
  const { rows } = await pool.query(
    "SELECT ctid::text AS at, xmin::text AS by FROM latchkey_sessions WHERE id = $1",
    [sessionIdOf(name)],
  );
  return rows[0];
}

const waitingCalls = () =>
  countOf(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
const deadlocks = () =>
  countOf("SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()");

async function countOf(statement: string): Promise<number> {
  const { rows } = await pool.query(statement);
  return rows[0].n;
}

test("the database's clock decides, whatever the clock of the server is", async () => {
  const { sessions, throttle, tokens } = postgres(pool);
  const now = Math.floor(Date.now() / 1_000);
  const changes = { expiresAt: now + 900, createdAt: now, idleLifetime: 900 };
  await sessions.create(session("phone", changes), freely);
  for (const claimed of [START, 0, now + 90_000]) {
    const rotated = await sessions.rotate(rotationOf("phone", 0, claimed));
    expect(rotated?.now).toBeGreaterThanOrEqual(now);
    expect(rotated?.now).toBeLessThan(now + 60);
    expect(rotated?.row.childIssuedAt).toBeLessThan(now + 60);
    expect((await sessions.get(sessionIdOf("phone"), claimed))?.now).toBeLessThan(now + 60);
    expect((await sessions.list("ann", claimed)).length).toBe(1);
  }
  const rule = { limit: 1, window: 600 };
  expect(await throttle.hit([{ key: "key", rule }], 0)).toEqual({ allowed: true });
  expect((await throttle.hit([{ key: "key", rule }], START)).allowed).toBe(false);
  const token = { hash: "h", purpose: "reset", userId: null, data: {}, expiresAt: now + 600 };
  await tokens.put(token);
  expect(await tokens.redeem("h", "reset", START)).toEqual(token);
});

test("a text with a NUL causes an error, and the connection stays usable", async () => {
  const { users } = postgres(pool);
  await expect(users.get("a\u0000b")).rejects.toThrow(/invalid byte sequence/);
  await expect(users.find({ email: "\u0000" })).rejects.toThrow(/invalid byte sequence/);
  expect(await users.get("ann")).toBeNull();
});

test("a call that PostgreSQL aborts for a deadlock is repeated", async () => {
  const { sessions } = postgres(pool, { clock: "caller" });
  for (const name of ["one", "two"]) await sessions.create(session(name), freely);
  const before = await deadlocks();
  const other = await pool.connect();
  const lock = (name: string) =>
    other.query("UPDATE latchkey_sessions SET context = '{}' WHERE id = $1", [sessionIdOf(name)]);
  // Only the store's connection looks for the cycle, so it is the one that is aborted.
  await other.query("SET deadlock_timeout = '60s'");
  await other.query("BEGIN");
  await lock("two");
  const ending = sessions.endAll("ann", null, { reason: "revoked", now: START });
  await expect.poll(waitingCalls).toBeGreaterThan(0);
  await lock("one");
  await other.query("COMMIT");
  other.release(true);
  expect((await ending).length).toBe(2);
  // A server process reports its count when it is idle, at most once a second.
  await expect.poll(deadlocks).toBeGreaterThan(before);
});

test("a call that is aborted again and again fails", async () => {
  for (const [code, failures, calls] of [
    ["40001", 4, 5],
    ["40P01", 9, 5],
    ["57014", 9, 1],
  ] as const) {
    let called = 0;
    const aborting = pooled(async () => {
      called++;
      if (called <= failures) throw Object.assign(new Error(`aborted: ${code}`), { code });
    });
    const call = postgres(aborting).users.get("ann");
    if (failures < calls) expect(await call).toBeNull();
    else await expect(call).rejects.toThrow(`aborted: ${code}`);
    expect(called).toBe(calls);
  }
});

test("a sign-in that fails in the middle leaves no row and no open transaction", async () => {
  const failing = pooled(async (text) => {
    if (text.includes("'limit'")) throw new Error("disk full");
  });
  const { sessions } = postgres(failing, { clock: "caller" });
  await sessions.create(session("old"), freely);
  const options = { ifVersion: null, limit: 1, replaces: [sessionIdOf("old")] };
  await expect(sessions.create(session("new"), options)).rejects.toThrow("disk full");
  expect(await sessions.get(sessionIdOf("new"), START)).toBeNull();
  expect((await sessions.list("ann", START)).map(({ id }) => id)).toEqual([sessionIdOf("old")]);
  const { rows } = await pool.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1 AND state LIKE 'idle in %'",
    [server.schema],
  );
  expect(rows[0].n).toBe(0);
});

/** The pool, with something to do before each statement. */
function pooled(first: (text: string) => Promise<void>): PgPool {
  const through = (target: Pick<PgPool, "query">): PgPool["query"] => {
    return async (query) => {
      await first(query.text);
      return target.query(query);
    };
  };
  return {
    query: through(pool),
    connect: async () => {
      const client = await pool.connect();
      return { query: through(client), release: (destroy) => client.release(destroy) };
    },
  };
}
