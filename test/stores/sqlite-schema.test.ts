import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { migrate, schema, sqlite } from "@latchkey/sql/sqlite";
import { expect, test } from "vitest";
import { migrated, open, temporaryFile } from "./files.ts";
import { START, session, sessionIdOf } from "./sessions.ts";

test("a second migration changes nothing", async () => {
  const database = open(":memory:");
  const store = await migrated(database);
  await store.keys.save(0, "document");
  const before = tables(database);
  await migrate(store);
  expect(tables(database)).toEqual(before);
  expect((await store.keys.load())?.document).toBe("document");
});

test("the printed schema equals the migrated one", async () => {
  const [printed, made] = [open(":memory:"), open(":memory:")];
  printed.exec(schema());
  await migrated(made);
  expect(tables(printed)).toEqual(tables(made));
  await migrate(sqlite(printed));
});

test("the error for a database without tables names the call", async () => {
  const store = sqlite(open(":memory:"));
  const fault =
    "latchkey schema version 0, expected 6; the database is older than this library: call `await migrate(store)`";
  await expect(store.keys.load()).rejects.toThrow(fault);
  await expect(store.sessions.list("ann", START)).rejects.toThrow(fault);
  await migrate(store);
  expect(await store.keys.load()).toBeNull();
});

test("the error for a database of a newer version names the package to update", async () => {
  const database = open(":memory:");
  const store = await migrated(database);
  database.exec("INSERT INTO latchkey_schema (version) VALUES (7)");
  const fault =
    "latchkey schema version 7, expected 6; the database is newer than this library: update @latchkey/sql";
  await expect(migrate(store)).rejects.toThrow(fault);
  expect(await store.keys.load()).toBeNull();
  database.exec("ALTER TABLE latchkey_documents RENAME COLUMN document TO other");
  await expect(store.keys.load()).rejects.toThrow(fault);
});

test("a migration that fails leaves the version and the tables as they were", async () => {
  const database = open(":memory:");
  database.exec("CREATE TABLE latchkey_users (id TEXT)");
  const store = sqlite(database);
  await expect(migrate(store)).rejects.toThrow("latchkey_users already exists");
  expect(tables(database).map(({ name }) => name)).toEqual(["latchkey_schema", "latchkey_users"]);
  database.exec("DROP TABLE latchkey_users");
  await migrate(store);
  expect(await store.users.get("ann")).toBeNull();
});

test("a database of version 1 is migrated with all its rows", async () => {
  const database = open(":memory:");
  database.exec(released(1));
  const store = sqlite(database);
  await store.sessions.create(session("phone"), { ifVersion: null, limit: null, replaces: [] });
  insertAnn(database);
  await store.keys.save(0, "document");
  await expect(store.tokens.prune(START)).rejects.toThrow("latchkey schema version 1, expected 6");

  await migrate(store);
  expect((await store.sessions.get(sessionIdOf("phone"), START))?.row).toEqual(session("phone"));
  expect(await store.users.get("ann")).toEqual(ann);
  expect((await store.keys.load())?.document).toBe("document");
  expect(await store.users.link("ann", github)).toBe(true);
  expect(await store.users.keepTokens(github, "sealed")).toBe(true);
  expect(tables(database)).toEqual(tables((await fresh()).database));
});

test("a database of version 2 is migrated with all its rows", async () => {
  const database = open(":memory:");
  database.exec(released(2));
  const store = sqlite(database);
  const accounts = ["1001", "1000"].map((subject) => ({ provider: "github", subject }));
  insertAnn(database);
  for (const account of accounts) await store.users.link("ann", account);
  await store.tokens.put({ hash: "h", purpose: "reset", userId: "ann", data: {}, expiresAt: START + 1 });
  await expect(store.users.keptTokens(github)).rejects.toThrow("latchkey schema version 2, expected 6");

  await migrate(store);
  expect(await store.users.findByAccount(github)).toEqual(ann);
  expect(await store.users.accounts("ann")).toEqual(accounts);
  expect(await store.users.keptTokens(github)).toBeNull();
  expect(await store.users.keepTokens(github, "sealed")).toBe(true);
  expect(await store.users.keptTokens(github)).toBe("sealed");
  expect((await store.tokens.redeem("h", "reset", START))?.userId).toBe("ann");
  expect(tables(database)).toEqual(tables((await fresh()).database));
});

test("a database of version 3 is migrated with all its rows, and from then on has a feed", async () => {
  const database = open(":memory:");
  database.exec(released(3));
  const store = sqlite(database);
  for (const name of ["phone", "laptop"]) {
    await store.sessions.create(session(name), { ifVersion: null, limit: null, replaces: [] });
  }
  await store.sessions.end(sessionIdOf("phone"), null, { reason: "logout", now: START });
  await expect(store.sessions.endedSince(null, 10, START)).rejects.toThrow(
    "latchkey schema version 3, expected 6",
  );

  await migrate(store);
  expect((await store.sessions.get(sessionIdOf("laptop"), START))?.row).toEqual(session("laptop"));
  expect((await store.sessions.endedSince(null, 10, START)).entries).toEqual([]);
  await store.sessions.end(sessionIdOf("laptop"), null, { reason: "logout", now: START });
  expect((await store.sessions.endedSince(null, 10, START)).entries).toMatchObject([
    { kind: "ended", sessionId: sessionIdOf("laptop") },
  ]);
  expect(tables(database)).toEqual(tables((await fresh()).database));
});

test("a database of version 4 is migrated with all its rows, and from then on has slots", async () => {
  const database = open(":memory:");
  database.exec(released(4));
  const store = sqlite(database);
  insertAnn(database);
  await store.tokens.put({ hash: "h", purpose: "reset", userId: "ann", data: {}, expiresAt: START + 1 });
  await expect(store.tokens.readSlot("s", START)).rejects.toThrow("latchkey schema version 4, expected 6");

  await migrate(store);
  expect((await store.tokens.redeem("h", "reset", START))?.userId).toBe("ann");
  const token = { purpose: "reset", secret: "d", tries: 5, userId: "ann", data: {}, expiresAt: START + 1 };
  await store.tokens.fillSlot({ slot: "s", ...token });
  expect(await store.tokens.redeemSlot("s", "d", START)).toEqual({ slot: "s", ...token });
  expect(await store.users.changeEmail("ann", "new@example.com", 3)).toMatchObject({ credentialsVersion: 4 });
  expect(tables(database)).toEqual(tables((await fresh()).database));
});

test("a database of version 5 is migrated, and its users have no picture", async () => {
  const database = open(":memory:");
  database.exec(released(5));
  const store = sqlite(database);
  insertAnn(database);
  await expect(store.users.get("ann")).rejects.toThrow("latchkey schema version 5, expected 6");

  await migrate(store);
  expect(await store.users.get("ann")).toEqual(ann);
  const picture = "https://images.example.com/ann.png";
  const always = { ifVersion: null, raiseVersion: false };
  expect(await store.users.update("ann", { picture }, always)).toEqual({ ...ann, picture });
  expect(tables(database)).toEqual(tables((await fresh()).database));
});

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

/** A user as the statements of the earlier versions wrote it. */
function insertAnn(database: DatabaseSync): void {
  database.exec(`INSERT INTO latchkey_users (id, email, name, email_verified, credentials_version, created_at)
    VALUES ('ann', 'ann@example.com', 'Ann', 1, 3, ${START})`);
}

const digests = {
  1: "173e294f391c41bd121d77b05a6b18e653f731973d1567de121186b8189b430c",
  2: "3b3946ad6e6636a289d91fd4690e76a757f37ba2a8aa454c5bdd3fc9d03b9342",
  3: "6077f4b7392f38398fefb86247b28d1535d8fe8bba68ddb656e9b95aaeb29a66",
  4: "cf3bfae0399d723def705938a8c65c1e9ca603bb910af51a22f67e4b7bf5715b",
  5: "d7a2a480de2ccf0836c5aa03d53cb3aba8d8c7ea908ae8dce79b6165ce3a32dd",
} as const;

/** What an earlier version of the library made, word by word. */
function released(version: keyof typeof digests): string {
  const [text = ""] = schema().split(`INSERT INTO latchkey_schema (version) VALUES (${version + 1})`);
  expect(createHash("sha256").update(text).digest("hex")).toBe(digests[version]);
  return text;
}

async function fresh(): Promise<{ readonly database: DatabaseSync }> {
  const database = open(":memory:");
  await migrated(database);
  return { database };
}

test("the connection is set to survive a power cut and to wait for a lock", async () => {
  const database = open(temporaryFile());
  sqlite(database);
  expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(database.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
  expect(database.prepare("PRAGMA busy_timeout").get()).toEqual({ timeout: 5_000 });
});

test("a lock that outlasts the timeout fails the call, and no later one", async () => {
  const file = temporaryFile();
  const database = open(file);
  const other = open(file);
  const store = await migrated(database);
  database.exec("PRAGMA busy_timeout = 50");
  other.exec("BEGIN IMMEDIATE");
  await expect(store.keys.save(0, "document")).rejects.toThrow("database is locked");
  expect(await store.keys.load()).toBeNull();
  other.exec("COMMIT");
  expect(await store.keys.save(0, "document")).toBe(true);
});

function tables(database: DatabaseSync): Record<string, unknown>[] {
  return database
    .prepare("SELECT name, sql FROM sqlite_master ORDER BY name")
    .all()
    .filter(({ sql }) => sql !== null);
}
