import { migrate, type PgPool, postgres } from "@latchkey/sql/postgres";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";
import { rotationOf, START, session, sessionIdOf } from "./sessions.ts";

const ROWS = 20_000;
const account = { provider: "github", subject: "1001" };

let server: TestPostgres;
let pool: Pool;
beforeAll(async () => {
  server = await startPostgres();
  pool = server.pool(4);
});
afterAll(() => server.stop());

test(`no call of a request scans a table of ${ROWS} rows`, async () => {
  const seen = new Set<string>();
  const store = postgres(recording(pool, seen), { clock: "caller" });
  await migrate(store);
  await fill();
  seen.clear();
  await callEverything(store);
  const statements = [...seen].filter((text) => text.includes("latchkey_") && !text.includes("advisory"));
  expect(statements.length).toBe(49);
  for (const text of statements) {
    const { rows } = await pool.query(`EXPLAIN (GENERIC_PLAN, COSTS OFF) ${text}`);
    const plan = rows.map((row) => String(row["QUERY PLAN"]));
    expect(
      plan.filter((line) => line.includes("Seq Scan on latchkey_")),
      `${text}\n${plan.join("\n")}`,
    ).toEqual([]);
  }
});

async function callEverything({ sessions, users, tokens, throttle }: ReturnType<typeof postgres>) {
  const id = sessionIdOf("phone");
  await sessions.create(session("phone"), { ifVersion: null, limit: 3, replaces: [sessionIdOf("old")] });
  await sessions.rotate(rotationOf("phone", 0, START));
  await sessions.get(id, START);
  await sessions.list("ann", START);
  await sessions.confirm(id, 1, 60, START);
  await sessions.update(id, { context: {} }, START);
  await sessions.endedSince(null, 10, START);
  await sessions.end(id, null, { reason: "logout", now: START });
  await sessions.endAll("ann", null, { reason: "revoked", now: START });
  await sessions.prune({ userId: "ann", keep: false, now: START });
  await sessions.prune({ userId: "ann", keep: true, now: START });
  await sessions.prune({ userId: null, keep: true, now: START });
  await sessions.prune({ userId: null, keep: false, now: START });
  await users.create({ ...person, id: "new" });
  await users.get("ann");
  await users.find({ email: "ann@example.com" });
  await users.find({ username: "ann" });
  await users.update("ann", { name: "Ann" }, { ifVersion: null, raiseVersion: true });
  await users.changeEmail("new", "new@example.com", 1);
  await users.findByAccount(account);
  await users.link("new", account);
  await users.accounts("new");
  await users.keepTokens(account, "sealed");
  await users.keptTokens(account);
  await users.unlink("new", account);
  await users.list?.({ by: "id", prefix: "", after: null, limit: 10 });
  await users.list?.({ by: "email", prefix: "a", after: "ann@example.com", limit: 10 });
  await users.list?.({ by: "username", prefix: "a", after: null, limit: 10 });
  await users.delete("new");
  await tokens.put({ hash: "h", purpose: "reset", userId: "ann", data: {}, expiresAt: START });
  await tokens.redeem("h", "reset", START);
  await tokens.spend("h", "state", START, START);
  await tokens.fillSlot({
    slot: "s",
    purpose: "reset",
    secret: "digest",
    tries: 5,
    userId: "ann",
    data: {},
    expiresAt: START + 1,
  });
  await tokens.readSlot("s", START);
  await tokens.redeemSlot("s", "digest", START);
  await tokens.revoke("ann", "reset");
  await tokens.prune(START);
  await throttle.hit([{ key: "key", rule: { limit: 1, window: 60 } }], START);
  await throttle.release(["key"]);
}

const person = {
  email: null,
  username: null,
  name: null,
  picture: null,
  emailVerified: false,
  passwordHash: null,
  credentialsVersion: 1,
  createdAt: START,
  disabledAt: null,
};

async function fill(): Promise<void> {
  const series = `generate_series(1, ${ROWS}) AS n`;
  await pool.query(`
    INSERT INTO latchkey_sessions (id, user_id, family_hash, root_hash, root_generation, generation, context,
      device, transport, amr, created_at, auth_time, refreshed_at, access_lifetime, idle_lifetime, expires_at)
    SELECT 's' || n, 'u' || n / 4, 'f' || n, 'r' || n, 0, 0, '{}', '{}', 'cookie', '[]', ${START} + n, 0, 0,
      600, 86400, ${START + 99_999} FROM ${series};
    INSERT INTO latchkey_users (id, email, username, email_verified, credentials_version, created_at)
    SELECT 'u' || n, n || '@example.com', 'n' || n, 0, 1, 0 FROM ${series};
    INSERT INTO latchkey_accounts (provider, subject, user_id) SELECT 'github', n, 'u' || n / 2 FROM ${series};
    INSERT INTO latchkey_tokens (hash, purpose, user_id, data, expires_at)
    SELECT 'h' || n, 'reset', 'u' || n, '{}', ${START} + n FROM generate_series(1, ${4 * ROWS}) AS n;
    INSERT INTO latchkey_slots (slot, purpose, secret, emptied, user_id, data, expires_at)
    SELECT 's' || n, 'reset', 'd' || n, 0, 'u' || n, '{}', ${START} + n FROM generate_series(1, ${4 * ROWS}) AS n;
    INSERT INTO latchkey_attempts (key, attempts, since, over_at, refused)
    SELECT 'k' || n, 1, ${START}, ${START} + n, 0 FROM ${series};
    INSERT INTO latchkey_feed (kind, session_id, at, until) SELECT 'ended', 's' || n, ${START}, ${START + 600} FROM ${series};
    ANALYZE`);
}

function recording(target: Pool, seen: Set<string>): PgPool {
  return {
    query: (query) => {
      seen.add(query.text);
      return target.query(query);
    },
    connect: async () => {
      const client = await target.connect();
      return {
        query: (query) => {
          seen.add(query.text);
          return client.query(query);
        },
        release: (destroy) => client.release(destroy),
      };
    },
  };
}
