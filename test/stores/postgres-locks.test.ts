import { migrate, type PgPool, postgres } from "@latchkey/sql/postgres";
import { describeStore } from "@latchkey/store-contract";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";

/** A race comes out wrong when it pleases: on a busy machine it may take many. */
const ROUNDS = 300;

let server: TestPostgres;
let pool: Pool;
beforeAll(async () => {
  server = await startPostgres();
  pool = server.pool();
  await migrate(postgres(pool));
});
afterAll(() => server.stop());

/** Each lock of the driver, what it is replaced by, and the race of the contract that must find it missing. */
const locks: Readonly<Record<string, readonly [string, string, string]>> = {
  "the row that a rotation judges": [" FOR UPDATE\n)", "\n)", "64 rotations of a child, one successor"],
  "the user who signs in": [
    " FOR SHARE",
    "",
    "create against a change of password: no older sign-in survives",
  ],
  "two sign-ins of one user": [
    "pg_advisory_xact_lock(hashtextextended('latchkey ' || CAST($1 AS TEXT), 0))",
    "CAST($1 AS TEXT)",
    "create against create: the limit holds",
  ],
};

for (const [title, [right, wrong, race]] of Object.entries(locks)) {
  test(`without the lock on ${title}, the contract fails`, async () => {
    const body = raceOf(race, rewriting(right, wrong));
    const failures: string[] = [];
    for (let round = 0; round < ROUNDS && failures.length === 0; round++) {
      await body().catch((error: unknown) => failures.push(String(error)));
    }
    expect(failures).toEqual([expect.stringMatching(/: expected .*, got /)]);
    await raceOf(race, rewriting(right, right))();
  });
}

function raceOf(title: string, client: PgPool): () => Promise<void> {
  const found: (() => Promise<void>)[] = [];
  const it = (name: string, body: () => Promise<void>) => name === title && found.push(body);
  describeStore({ describe: (_, body) => body(), it }, "PostgreSQL", async () => {
    await pool.query("TRUNCATE latchkey_sessions, latchkey_users");
    return { store: postgres(client, { clock: "caller" }) };
  });
  expect(found.length).toBe(1);
  return async () => found[0]?.();
}

function rewriting(right: string, wrong: string): PgPool {
  // Not prepared: the same name would stand for two texts.
  const through = (target: Pick<PgPool, "query">): PgPool["query"] => {
    return ({ text, values = [] }) => target.query({ text: text.replace(right, wrong), values });
  };
  return {
    query: through(pool),
    connect: async () => {
      const client = await pool.connect();
      return { query: through(client), release: (destroy) => client.release(destroy) };
    },
  };
}
