import { createHash } from "node:crypto";
import { migrate, postgres, schema } from "@latchkey/sql/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runTogether } from "../fixtures/run-together.ts";
import { startPostgres, type TestPostgres } from "./postgres-server.ts";
import { START, session, sessionIdOf } from "./sessions.ts";

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

async function processes(count: number, sessions: number): Promise<readonly string[][]> {
  const script = new URL("./processes/postgres-join.ts", import.meta.url);
  const lists = Array.from({ length: count }, (_, n) => {
    return [server.url, server.schema, `process-${n}`, String(sessions)];
  });
  return (await runTogether(script, lists)).map((printed): string[] => JSON.parse(printed));
}

test("8 processes create the same tables at once", async () => {
  await processes(8, 0);
  const { rows } = await server.pool().query("SELECT version::int FROM latchkey_schema ORDER BY version");
  expect(rows).toEqual([1, 2, 3, 4, 5, 6].map((version) => ({ version })));
});

test("4 processes rotate the same tokens, and each token gets one successor", async () => {
  const count = 100;
  const store = postgres(server.pool());
  await migrate(store);
  const { sessions } = store;
  for (let n = 0; n < count; n++) {
    await sessions.create(session(`session ${n}`), { ifVersion: null, limit: null, replaces: [] });
  }
  const outcomes = await processes(4, count);
  for (let n = 0; n < count; n++) {
    const got = outcomes.map((list) => list[n]).sort();
    expect(got).toEqual(["access_only", "access_only", "access_only", "first"]);
    const row = (await sessions.get(sessionIdOf(`session ${n}`), START))?.row;
    expect({ generation: row?.generation, endedAt: row?.endedAt }).toEqual({ generation: 1, endedAt: null });
  }
  const wins = outcomes.map((list) => list.filter((outcome) => outcome === "first").length);
  expect(wins.filter((won) => won > 0).length, `wins: ${wins}`).toBeGreaterThan(1);
});

test("the printed schema equals the migrated one, and a second migration changes nothing", async () => {
  const pool = server.pool();
  await migrate(postgres(pool));
  const made = await tables();
  expect(made.length).toBeGreaterThan(40);
  const name = `${server.schema}_printed`;
  const printed = server.pool(1, name);
  await printed.query(`CREATE SCHEMA ${name}`);
  await printed.query(schema());
  expect(await tables(name)).toEqual(made);
  await pool.query(`DROP SCHEMA ${name} CASCADE`);
});

async function tables(of: string = server.schema): Promise<unknown[]> {
  const { rows } = await server.pool(1).query(
    `SELECT table_name, column_name, data_type, collation_name, is_nullable, is_identity, column_default,
      (SELECT string_agg(replace(indexdef, schemaname || '.', ''), ';' ORDER BY indexname) FROM pg_indexes
        WHERE schemaname = $1 AND tablename = table_name) AS indexes,
      (SELECT string_agg(replace(pg_get_triggerdef(t.oid), $1 || '.', ''), ';' ORDER BY tgname) FROM pg_trigger AS t
        WHERE tgrelid = to_regclass($1 || '.' || table_name) AND NOT tgisinternal) AS triggers
    FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, ordinal_position`,
    [of],
  );
  return rows;
}

const digests = {
  1: "6655e6a50dfc185d5c63cd5d7fa6f6019426fa94fa1fcd2a7573c6f27a595ef5",
  2: "bfed512100b9503ef5029a11d7ded973240f94a20df099445e0552383c4f41f9",
  3: "79c3a213bf0e0239c5c3e4514b182fa9e78c1eb7586ed9bb60b77a0a79581839",
  4: "a3c765bc432e5e5923ce583a689b9422de196986ccf97effe57470ef233129a0",
  5: "843751b2df34fe979c775b2256e4036c9557285b0e61a5be7ceecdf61a7c544b",
} as const;

for (const version of [1, 2, 3, 4, 5] as const) {
  test(`a database of version ${version} is migrated with all its rows`, async () => {
    const name = `${server.schema}_released_${version}`;
    const pool = server.pool(4, name);
    await pool.query(`CREATE SCHEMA ${name}`);
    await pool.query(released(version));
    const store = postgres(pool);
    const { sessions, users, keys } = store;
    await sessions.create(session("phone"), { ifVersion: null, limit: null, replaces: [] });
    await pool.query(`INSERT INTO latchkey_users (id, email, name, email_verified, credentials_version, created_at)
      VALUES ('ann', 'ann@example.com', 'Ann', 1, 3, ${START})`);
    await keys.save(0, "document");
    if (version > 1) await users.link("ann", github);
    const fault = `latchkey schema version ${version}, expected 6`;
    await expect(users.get("ann")).rejects.toThrow(fault);

    await Promise.all([migrate(store), migrate(store)]);
    expect((await sessions.get(sessionIdOf("phone"), START))?.row).toEqual(session("phone"));
    expect(await users.get("ann")).toEqual(ann);
    expect((await keys.load())?.document).toBe("document");
    expect(await users.accounts("ann")).toEqual(version > 1 ? [github] : []);
    expect(await users.link("ann", github)).toBe(version === 1);
    expect(await users.keptTokens(github)).toBeNull();
    expect(await users.keepTokens(github, "sealed")).toBe(true);
    expect(await users.keptTokens(github)).toBe("sealed");
    await sessions.end(sessionIdOf("phone"), null, { reason: "logout", now: START });
    expect((await sessions.endedSince(null, 10, START)).entries.length).toBe(1);
    expect(await tables(name)).toEqual(await tables());
    await pool.query(`DROP SCHEMA ${name} CASCADE`);
  });
}

/** What an earlier version of the library made, word by word. */
function released(version: keyof typeof digests): string {
  const [text = ""] = schema().split(`INSERT INTO latchkey_schema (version) VALUES (${version + 1})`);
  expect(createHash("sha256").update(text).digest("hex")).toBe(digests[version]);
  return text;
}

const github = { provider: "github", subject: "1001" };
const ann = {
  id: "ann",
  email: "ann@example.com",
  username: null,
  name: "Ann",
  picture: null,
  emailVerified: true,
  passwordHash: null,
  credentialsVersion: 3,
  createdAt: START,
  disabledAt: null,
};

test("the error for a database without tables, or of a newer version, names the next step", async () => {
  const name = `${server.schema}_bare`;
  const bare = server.pool(1, name);
  await bare.query(`CREATE SCHEMA ${name}`);
  const store = postgres(bare);
  await expect(store.keys.load()).rejects.toThrow("latchkey schema version 0, expected 6");
  await migrate(store);
  expect(await store.keys.load()).toBeNull();
  await bare.query("INSERT INTO latchkey_schema (version) VALUES (7)");
  await expect(migrate(store)).rejects.toThrow("latchkey schema version 7, expected 6");
  await bare.query(`DROP SCHEMA ${name} CASCADE`);
});
