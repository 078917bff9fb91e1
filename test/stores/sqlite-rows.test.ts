import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { rotationOutcome } from "@latchkey/core/store";
import { describe, expect, test } from "vitest";
import { migrated, open, temporaryFile } from "./files.ts";
import { digestOf, LEASE, rotationOf, START, session, sessionIdOf, tokenOf } from "./sessions.ts";

const freely = { ifVersion: null, limit: null, replaces: [] } as const;

test("a session has one row after 1,000 rotations", async () => {
  const database = open(":memory:");
  const { sessions } = await migrated(database);
  await sessions.create(session("phone"), freely);
  for (let generation = 0; generation < 1_000; generation++) {
    const now = START + generation * LEASE;
    const { row } = (await sessions.rotate(rotationOf("phone", generation, now))) ?? { row: null };
    expect(row?.generation).toBe(generation + 1);
  }
  expect(database.prepare("SELECT count(*) AS n, max(generation) AS g FROM latchkey_sessions").get()).toEqual(
    {
      n: 1,
      g: 1_000,
    },
  );
});

test("a refused attempt writes nothing", async () => {
  const database = open(":memory:");
  const { throttle } = await migrated(database);
  const rule = { limit: 1, window: 60 };
  await throttle.hit([{ key: "full", rule }], START);
  const changes = (): unknown => database.prepare("SELECT total_changes() AS n").get();
  const before = changes();
  const attempts = ["a", "full", "z"].map((key) => ({ key, rule }));
  expect(await throttle.hit(attempts, START)).toMatchObject({ allowed: false, index: 1 });
  expect(changes()).toEqual(before);
});

test("an answer with an access token only writes no page", async () => {
  const file = temporaryFile();
  const database = open(file);
  const { sessions } = await migrated(database);
  const written = (): number => statSync(`${file}-wal`).size;
  for (let n = 0; n < 500; n++) await sessions.create(session(`other ${n}`), freely);
  await sessions.create(session("phone"), freely);
  await sessions.rotate(rotationOf("phone", 0, START));

  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  expect(written()).toBe(0);
  for (const generation of [0, 1, 0, 1]) {
    const rotation = rotationOf("phone", generation, START + 1, digestOf("unused"));
    const after = await sessions.rotate(rotation);
    expect(after && rotationOutcome(after.row, rotation.token, rotation.next)).toBe("access_only");
  }
  expect(written()).toBe(0);

  await sessions.rotate(rotationOf("phone", 1, START + LEASE));
  const pages = (written() - 32) / (4_096 + 24);
  expect(pages).toBe(1);
});

describe("a corrupt row causes an error without its values", () => {
  const damages = {
    "broken JSON": "context = '{\"secret'",
    "JSON of another shape": "context = '[\"secret\"]'",
    "a device that is none": "device = '{\"userAgent\":7}'",
    "methods that are none": "amr = '{\"secret\":1}'",
    "a transport from elsewhere": "transport = 'secret'",
    "a reason from elsewhere": "end_reason = 'secret'",
  };
  for (const [title, damage] of Object.entries(damages)) {
    test(title, async () => {
      const database = open(":memory:");
      const { sessions } = await migrated(database);
      await sessions.create(session("phone"), freely);
      database.exec(`UPDATE latchkey_sessions SET ${damage}`);
      const calls = [
        sessions.get(sessionIdOf("phone"), START),
        sessions.list("ann", START),
        sessions.rotate(rotationOf("phone", 0, START)),
      ];
      for (const call of calls) {
        await expect(call).rejects.toThrow(/^latchkey_sessions\.\w+ holds an invalid value$/);
      }
    });
  }

  test("wrong types and nulls cause errors, also in tables that were created without checks", async () => {
    const database = open(":memory:");
    const { sessions } = await migrated(database);
    await sessions.create(session("phone"), freely);
    database.exec("CREATE TABLE loose AS SELECT * FROM latchkey_sessions");
    database.exec("DROP TABLE latchkey_sessions; ALTER TABLE loose RENAME TO latchkey_sessions");
    for (const damage of ["user_id = NULL", "generation = 1.5", "expires_at = 'soon'", "context = x'00'"]) {
      const { sessions: fresh } = await migrated(database);
      database.exec("SAVEPOINT before");
      database.exec(`UPDATE latchkey_sessions SET ${damage}`);
      await expect(fresh.get(sessionIdOf("phone"), START)).rejects.toThrow(/holds an invalid value$/);
      database.exec("ROLLBACK TO before; RELEASE before");
    }
  });
});

test("a sign-in that fails in the middle leaves no row", async () => {
  const { sessions } = await migrated(
    new Proxy(open(":memory:"), {
      get: (database, key) =>
        key === "prepare" ? failingAt(database, "'limit'") : Reflect.get(database, key).bind(database),
    }),
  );
  await sessions.create(session("old"), freely);
  const options = { ifVersion: null, limit: 1, replaces: [sessionIdOf("old")] };
  await expect(sessions.create(session("new"), options)).rejects.toThrow("disk full");
  expect(await sessions.get(sessionIdOf("new"), START)).toBeNull();
  expect((await sessions.list("ann", START)).map(({ id }) => id)).toEqual([sessionIdOf("old")]);
});

function failingAt(database: DatabaseSync, fragment: string) {
  return (sql: string) => {
    const statement = database.prepare(sql);
    if (!sql.includes(fragment)) return statement;
    const all = (): never => {
      throw new Error("disk full");
    };
    return { all, run: all };
  };
}

test("a token of another session is refused", async () => {
  const { sessions } = await migrated(open(":memory:"));
  await sessions.create(session("mine"), freely);
  await sessions.create(session("theirs"), freely);
  const swapped = { ...rotationOf("theirs", 0, START), token: tokenOf("mine", 0) };
  expect(await sessions.rotate(swapped)).toMatchObject({ refused: true });
  expect((await sessions.list("ann", START)).length).toBe(2);
});
