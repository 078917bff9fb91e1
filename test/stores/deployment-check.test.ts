import { type Auth, type AuthOptions, type CheckResult, createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import type { Store } from "@latchkey/core/store";
import { redis } from "@latchkey/redis";
import { migrate, postgres } from "@latchkey/sql/postgres";
import { schema, sqlite } from "@latchkey/sql/sqlite";
import { createClient } from "redis";
import { describe, expect, onTestFinished, test } from "vitest";
import { ORIGIN, SECRET } from "../fixtures/server.ts";
import { counted, faulty } from "../fixtures/wrapped-store.ts";
import { migrated, open } from "./files.ts";
import { ownServer, quietPool } from "./postgres-server.ts";
import { describeOwnRedis, ownRedis } from "./redis-server.ts";

const PARTS = ["store.sessions", "store.users", "store.keys", "store.tokens", "store.throttle"];

function deployed(store: Store, more: Partial<AuthOptions> = {}): Auth {
  return createAuth({ store, baseURL: ORIGIN, secret: SECRET, onEvent: () => undefined, ...more });
}

async function problemsOf(auth: Auth): Promise<Exclude<CheckResult, { ok: true }>["problems"]> {
  const found = await auth.check();
  return found.ok ? [] : found.problems;
}

function partsOf(problems: readonly { readonly part: string }[]): readonly string[] {
  return problems.map(({ part }) => part);
}

const SQLITE = { memory: async () => memory(), SQLite: () => migrated(open(":memory:")) };

describe.each(Object.entries(SQLITE))("auth.check on %s", (_, make) => {
  test("finds no problem before the first request and after it, and writes nothing", async () => {
    const { store, calls } = counted(await make());
    const auth = deployed(store);
    expect(await auth.check()).toEqual({ ok: true });
    expect(await store.keys.load()).toBeNull();
    const { id } = await auth.users.create({ email: "ann@example.com" });
    await auth.sessions.create(id);
    const document = await store.keys.load();
    calls.length = 0;
    expect(await deployed(store).check()).toEqual({ ok: true });
    expect(calls.filter((name) => /create|update|save|put|spend|hit|prune|end$|endAll/.test(name))).toEqual(
      [],
    );
    expect(await store.keys.load()).toEqual(document);
    expect((await auth.sessions.list(id)).length).toBe(1);
  });

  test("finds that the mail system cannot be reached, and does not wait for it without end", async () => {
    const store = await make();
    const send = (): void => undefined;
    const refused = new Error("connect ECONNREFUSED");
    const failing = deployed(store, { mail: { send, check: () => Promise.reject(refused) } });
    expect(await problemsOf(failing)).toEqual([{ part: "mail", message: refused.message, error: refused }]);
    const hanging = deployed(store, {
      storeTimeout: 1,
      mail: { send, check: () => new Promise(() => undefined) },
    });
    expect(partsOf(await problemsOf(hanging))).toEqual(["mail"]);
    expect(await deployed(store, { mail: { send, check: () => true } }).check()).toEqual({ ok: true });
    expect(await deployed(store, { mail: { send } }).check()).toEqual({ ok: true });
  });

  test("finds a secret that does not open the key, and accepts the right one as an older one", async () => {
    const store = await make();
    const [{ kid } = { kid: "" }] = (await deployed(store).keys.jwks()).keys;
    const other = "another secret of more than thirty-two bytes, 7f3a";
    const problems = await problemsOf(deployed(store, { secret: other }));
    expect(problems).toEqual([
      {
        part: "keys",
        message: expect.stringMatching(/cannot sign: secret does not open it/),
        error: expect.objectContaining({ name: "AuthError", code: "internal_error" }),
      },
    ]);
    expect(problems[0]?.message).toContain(kid);
    expect(JSON.stringify(problems)).not.toContain(other);
    expect(await deployed(store, { secret: [other, SECRET] }).check()).toEqual({ ok: true });
    // The check made no key of its own.
    expect((await deployed(store).keys.jwks()).keys.map((key) => key.kid)).toContain(kid);
    const moved = deployed(store, { secret: other });
    expect(await moved.keys.revoke(kid)).toBe(true);
    expect(await moved.check()).toEqual({ ok: true });
  });

  test("finds a stored key whose public part is another one", async () => {
    const store = await make();
    await deployed(store).keys.jwks();
    const { version, document } = (await store.keys.load()) ?? { version: 0, document: "[]" };
    const [first, second] = JSON.parse(document);
    await store.keys.save(version, JSON.stringify([{ ...first, publicJwk: second.publicJwk }, second]));
    expect(await problemsOf(deployed(store))).toMatchObject([
      { part: "keys", message: expect.stringMatching(/does not verify its signature/) },
    ]);
  });
});

test("auth.check tells the version of SQLite tables that are missing or old", async () => {
  const empty = await problemsOf(deployed(sqlite(open(":memory:"))));
  expect(partsOf(empty)).toEqual(["store", ...PARTS]);
  for (const { message, error } of empty) {
    expect(message).toMatch(/^latchkey schema version 0, expected \d+; .*call `await migrate\(store\)`/);
    expect(error).toBeInstanceOf(Error);
  }
  const database = open(":memory:");
  database.exec(schema());
  expect(await problemsOf(deployed(sqlite(database)))).toEqual([]);
  database.exec("INSERT INTO latchkey_schema (version) VALUES (99)");
  expect(await problemsOf(deployed(sqlite(database)))).toMatchObject([
    { part: "store", message: expect.stringMatching(/^latchkey schema version 99, expected \d+/) },
  ]);
  expect(
    partsOf(await problemsOf(deployed({ ...sqlite(open(":memory:")), keys: memory().keys }))),
  ).not.toContain("store.keys");
});

test("auth.check gives the error that a store threw, for its part alone, also for one without a message", async () => {
  const error = Object.assign(new AggregateError([], ""), { code: "ECONNREFUSED" });
  for (const [part, operation] of [
    ["store.sessions", "sessions.get"],
    ["store.users", "users.find"],
    ["store.keys", "keys.load"],
    ["store.tokens", "tokens.redeem"],
    ["store.throttle", "throttle.release"],
  ]) {
    const store = faulty(memory(), (called) => (called === operation ? Promise.reject(error) : null));
    const [problem, ...more] = await problemsOf(deployed(store));
    expect({ part: problem?.part, message: problem?.message, more }).toEqual({
      part,
      message: "AggregateError ECONNREFUSED",
      more: [],
    });
    expect(problem?.error).toBe(error);
  }
  const throwing = faulty(memory(), () => {
    throw new RangeError("thrown at once");
  });
  expect(partsOf(await problemsOf(deployed(throwing)))).toEqual(PARTS);
});

test("auth.check waits for a store that hangs no longer than storeTimeout", async () => {
  const hanging = faulty(memory(), (name) => (name === "users.find" ? new Promise(() => undefined) : null));
  expect(await problemsOf(deployed(hanging, { storeTimeout: 1 }))).toMatchObject([
    { part: "store.users", message: "store.users did not answer within storeTimeout, 1 seconds" },
  ]);
});

test("auth.check finds a provided key that cannot sign, and asks the users of the application", async () => {
  const keys = await Promise.all(
    [0, 1].map(async () => {
      const { privateKey } = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
      const { crv = "", x = "", d = "" } = await crypto.subtle.exportKey("jwk", privateKey);
      return { kty: "OKP", crv, x, d, kid: "mine" };
    }),
  );
  const [one, other] = keys;
  if (one === undefined || other === undefined) throw new Error("no keys");
  expect(await deployed(memory(), { keys: { provided: [one] } }).check()).toEqual({ ok: true });
  const mixed = deployed(memory(), { keys: { provided: [{ ...one, d: other.d }] } });
  expect(await problemsOf(mixed)).toMatchObject([
    { part: "keys", message: expect.stringContaining('"mine"') },
  ]);
  const down = faulty(memory(), () => Promise.reject(new Error("the directory is down")));
  expect(await problemsOf(deployed(memory(), { users: down.users }))).toMatchObject([
    { part: "store.users", message: "the directory is down" },
  ]);
  const shared = deployed(memory(), { accessToken: { algorithm: "HS256" } });
  expect(await shared.check()).toEqual({ ok: true });
});

test("auth.check finds PostgreSQL without tables, ready, and stopped", async () => {
  const server = await ownServer();
  await server.start();
  const pool = quietPool({ connectionString: server.url });
  onTestFinished(async () => {
    await pool.end();
    await server.remove();
  });
  const store = postgres(pool);
  const auth = deployed(store);
  const missing = await problemsOf(auth);
  expect(partsOf(missing)).toEqual(["store", ...PARTS]);
  for (const { message } of missing) expect(message).toMatch(/^latchkey schema version 0, expected/);
  await migrate(store);
  expect(await auth.check()).toEqual({ ok: true });
  await server.halt();
  const stopped = await problemsOf(auth);
  expect(partsOf(stopped)).toEqual(PARTS);
  for (const { message, error } of stopped) {
    expect(error).toBeInstanceOf(Error);
    expect(message).toMatch(/ECONNREFUSED|terminat|connection/i);
  }
});

describeOwnRedis("a Redis server", () => {
  test("auth.check finds it ready, and stopped", async () => {
    const server = await ownRedis();
    onTestFinished(() => server.remove());
    await server.start();
    const socket = { reconnectStrategy: 50 };
    const client = createClient({ url: server.url, disableOfflineQueue: true, socket });
    await client.on("error", () => undefined).connect();
    onTestFinished(() => client.destroy());
    const auth = deployed(redis(client));
    expect(await auth.check()).toEqual({ ok: true });
    await server.kill();
    const problems = await problemsOf(auth);
    expect(partsOf(problems)).toEqual(PARTS);
    for (const { message } of problems) expect(message).not.toBe("");
  });
});
