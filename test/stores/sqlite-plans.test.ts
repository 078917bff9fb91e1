import { DatabaseSync } from "node:sqlite";
import type { SqliteDatabase } from "@latchkey/sql/sqlite";
import { expect, test } from "vitest";
import { migrated } from "./files.ts";
import { rotationOf, session, sessionIdOf } from "./sessions.ts";

const NOW = 1_900_000_000;
const slotToken = {
  slot: "s",
  purpose: "reset",
  secret: "digest",
  tries: 5,
  userId: "ann",
  data: {},
  expiresAt: NOW + 1,
};
const account = { provider: "github", subject: "1001" };

test("no call of a request scans a table", async () => {
  const database = new DatabaseSync(":memory:");
  const seen = new Set<string>();
  const { sessions, users, keys, tokens, throttle } = await migrated(recording(database, seen));
  seen.clear();

  const id = sessionIdOf("phone");
  await sessions.create(session("phone"), { ifVersion: null, limit: 3, replaces: [sessionIdOf("old")] });
  await sessions.rotate(rotationOf("phone", 0, NOW));
  await sessions.get(id, NOW);
  await sessions.list("ann", NOW);
  await sessions.confirm(id, 1, 60, NOW);
  await sessions.update(id, { context: {} }, NOW);
  await sessions.endedSince(null, 10, NOW);
  await sessions.end(id, null, { reason: "logout", now: NOW });
  await sessions.endAll("ann", null, { reason: "revoked", now: NOW });
  await sessions.prune({ userId: "ann", keep: false, now: NOW });
  await sessions.prune({ userId: "ann", keep: true, now: NOW });
  await sessions.prune({ userId: null, keep: false, now: NOW });
  await users.get("ann");
  await users.find({ email: "ann@example.com" });
  await users.find({ username: "ann" });
  await users.update("ann", { name: "Ann" }, { ifVersion: null, raiseVersion: true });
  await users.changeEmail("ann", "new@example.com", 1);
  await users.list?.({ by: "id", prefix: "", after: null, limit: 10 });
  await users.list?.({ by: "email", prefix: "a", after: "ann@example.com", limit: 10 });
  await users.list?.({ by: "username", prefix: "a", after: null, limit: 10 });
  await users.delete("ann");
  await users.findByAccount(account);
  await users.link("ann", account);
  await users.keepTokens(account, "sealed");
  await users.keptTokens(account);
  await users.unlink("ann", account);
  await users.accounts("ann");
  await keys.load();
  await keys.save(1, "{}");
  await tokens.put({ hash: "h", purpose: "reset", userId: "ann", data: {}, expiresAt: NOW });
  await tokens.redeem("h", "reset", NOW);
  await tokens.spend("h", "state", NOW, NOW);
  await tokens.fillSlot(slotToken);
  await tokens.readSlot("s", NOW);
  await tokens.redeemSlot("s", "digest", NOW);
  await tokens.revoke("ann", "reset");
  await tokens.prune(NOW);
  await throttle.hit([{ key: "key", rule: { limit: 1, window: 60 } }], NOW);
  await throttle.release(["key"]);

  expect(seen.size).toBe(51);
  for (const sql of seen) {
    const plan = planOf(database, sql);
    expect(
      plan.filter((line) => line.startsWith("SCAN latchkey_")),
      sql,
    ).toEqual([]);
    expect(
      plan.filter((line) => line.includes("TEMP B-TREE")),
      sql,
    ).toEqual([]);
  }
});

function recording(database: DatabaseSync, seen: Set<string>): SqliteDatabase {
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      seen.add(sql);
      return database.prepare(sql);
    },
  };
}

function planOf(database: DatabaseSync, sql: string): string[] {
  const parameters = [...sql.matchAll(/\?/g)].map(() => null);
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...parameters)
    .map(({ detail }) => String(detail));
}
