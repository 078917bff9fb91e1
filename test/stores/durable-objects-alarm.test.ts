import { createHash, randomBytes } from "node:crypto";
import { type SessionRow, type Store, userTag } from "@latchkey/core/store";
import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ask, bridged } from "./objects-bridge.ts";
import { digestOf, rotationOf, session } from "./sessions.ts";
import { bundle, workerd } from "./workerd.ts";

const freely = { ifVersion: null, limit: null, replaces: [] } as const;
const nothing = { tables: 0, kept: [] };
/** In how many seconds something is over: a busy machine must be able to see it before. */
const SOON = 15;
const patience = { timeout: 60_000, interval: 100 };

let host: Miniflare;
beforeAll(async () => {
  host = workerd(await bundle("objects"));
  await host.ready;
});
afterAll(() => host.dispose());

interface World {
  readonly store: Store;
  look(object: string): Promise<unknown>;
}

// Alarms go by the real clock, so these tests do.
function inWorld(world: string, keepEnded = false): World {
  const store = bridged(host, { world, fragile: true, clock: "object", keepEnded });
  return { store, look: (object) => ask(host, { look: `${world}/${object}` }) };
}

const now = (): number => Math.floor(Date.now() / 1_000);
const hashed = (kind: string, value: string): string =>
  `${kind}:${createHash("sha256").update(value).digest("hex")}`;
const ann = `user:${userTag("ann")}`;

/** A session of ann's as of now, whose access tokens are soon over. */
function current(changes: Partial<SessionRow> = {}): SessionRow {
  const id = Buffer.concat([Buffer.from(userTag("ann"), "base64url"), randomBytes(8)]).toString("base64url");
  const begun = { createdAt: now(), authTime: now(), refreshedAt: now(), expiresAt: now() + 600 };
  return session("ann's", { id, ...begun, accessLifetime: SOON, ...changes });
}

test.concurrent("an alarm deletes the expired sessions only", async () => {
  const { store, look } = inWorld("some");
  const { sessions } = store;
  const [live, expiring, ended] = [current(), current({ expiresAt: now() + SOON }), current()];
  for (const row of [live, expiring, ended]) await sessions.create(row, freely);
  await sessions.end(ended.id, null, { reason: "logout", now: 0 });
  expect((await sessions.get(ended.id, 0))?.row.endedAt).toBeGreaterThan(live.createdAt - 1);
  await vi.waitFor(async () => {
    expect({ expiring: await sessions.get(expiring.id, 0), ended: await sessions.get(ended.id, 0) }).toEqual({
      expiring: null,
      ended: null,
    });
  }, patience);
  expect((await sessions.list("ann", 0)).map(({ id }) => id)).toEqual([live.id]);
  expect(await look(ann)).not.toEqual(nothing);
});

test.concurrent("an alarm empties an object without rows, and the object can be used again", async () => {
  const { store, look } = inWorld("all");
  await store.sessions.create(current({ expiresAt: now() + SOON }), freely);
  expect(await look(ann)).not.toEqual(nothing);
  await vi.waitFor(async () => expect(await look(ann)).toEqual(nothing), patience);
  const row = current();
  expect(await store.sessions.create(row, freely)).toEqual({ ended: [] });
  expect((await store.sessions.get(row.id, 0))?.row).toEqual(row);
});

test.concurrent("an alarm keeps ended sessions where keepEnded is set", async () => {
  const { store } = inWorld("kept", true);
  const row = current({ expiresAt: now() + 1, accessLifetime: 1 });
  await store.sessions.create(row, freely);
  await store.sessions.end(row.id, null, { reason: "logout", now: 0 });
  await store.tokens.put({
    hash: digestOf("kept"),
    purpose: "reset",
    userId: "ann",
    data: {},
    expiresAt: now() + 1,
  });
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect((await store.sessions.get(row.id, 0))?.row.endReason).toBe("logout");
});

test.concurrent("the rows of small objects are deleted too", async () => {
  const { store, look } = inWorld("small");
  const hash = digestOf("token");
  await store.throttle.hit([{ key: "key", rule: { limit: 1, window: SOON } }], 0);
  await store.tokens.put({ hash, purpose: "reset", userId: "ann", data: {}, expiresAt: now() + SOON });
  const user = {
    username: null,
    name: null,
    picture: null,
    emailVerified: false,
    passwordHash: null,
    disabledAt: null,
  };
  const bob = { id: "bob", email: "b@example.com", credentialsVersion: 1, createdAt: now(), ...user };
  await store.users.create(bob);
  const spent = digestOf("spent");
  expect(await store.tokens.spend(spent, "state", now() + SOON, 0)).toBe(true);
  expect(await store.tokens.spend(spent, "state", now() + SOON, 9_999_999_999)).toBe(false);
  const slot = { slot: "s", purpose: "code", secret: "d", tries: 1, userId: "ann", data: {} };
  for (const name of ["redeemed", "guessed", "expiring"]) {
    await store.tokens.fillSlot({
      ...slot,
      slot: name,
      expiresAt: now() + (name === "expiring" ? SOON : 999),
    });
  }
  const slots = ["redeemed", "guessed", "expiring"].map((name) => hashed("slot", name));
  for (const object of slots) expect(await look(object), object).not.toEqual(nothing);
  expect((await store.tokens.redeemSlot("redeemed", "d", 9_999_999_999))?.slot).toBe("redeemed");
  expect(await store.tokens.redeemSlot("guessed", "wrong", 0)).toBeNull();
  expect(await store.tokens.readSlot("guessed", 0)).toBeNull();
  const keys = [hashed("attempts", "key"), hashed("token", hash), hashed("token", spent)];
  const objects = [...keys, hashed("email", bob.email), ann];
  for (const object of objects) expect(await look(object), object).not.toEqual(nothing);
  await store.users.delete("bob");
  await vi.waitFor(async () => {
    for (const object of [...objects, ...slots]) expect(await look(object), object).toEqual(nothing);
  }, patience);
  await store.tokens.fillSlot({ ...slot, slot: "redeemed", expiresAt: now() + 999 });
  expect((await store.tokens.readSlot("redeemed", 0))?.slot).toBe("redeemed");
});

test.concurrent("an alarm deletes old entries of the feed, and its object after the last one", async () => {
  const store = bridged(host, { world: "feed", fragile: true, clock: "caller" });
  const look = () => ask(host, { look: "feed/feed" });
  const { sessions } = store;
  const endedAt = async (at: number): Promise<string> => {
    const row = current();
    await sessions.create(row, freely);
    await sessions.end(row.id, null, { reason: "logout", now: at });
    return row.id;
  };
  await endedAt(now() - 9_000);
  const { cursor } = await sessions.endedSince(null, 10, 0);
  await vi.waitFor(async () => expect(await look()).toEqual(nothing), patience);
  expect(await sessions.endedSince(cursor, 10, 0)).toEqual({ entries: [], cursor: "0", more: false });
  await endedAt(now() - 9_000);
  const id = await endedAt(now());
  await vi.waitFor(async () => {
    expect((await sessions.endedSince(cursor, 10, 0)).entries).toMatchObject([
      { kind: "ended", sessionId: id },
    ]);
  }, patience);
});

test.concurrent("a request for an unknown row creates no object", async () => {
  const { store, look } = inWorld("blank");
  const { sessions, users, tokens, throttle } = store;
  const { id } = current();
  const over = { reason: "logout", now: 0 } as const;
  const account = { provider: "github", subject: "1001" };
  const answers = await Promise.all([
    sessions.get(id, 0),
    sessions.update(id, { context: {} }, null),
    sessions.end(id, null, over),
    sessions.confirm(id, 1, 60, 0),
    sessions.list("ann", 0),
    sessions.endAll("ann", null, over),
    sessions.prune({ userId: "ann", keep: false, now: 0 }),
    users.get("ann"),
    users.find({ email: "a@example.com" }),
    users.update("ann", {}, { ifVersion: null, raiseVersion: true }),
    users.delete("ann"),
    users.findByAccount(account),
    users.link("ann", account),
    users.unlink("ann", account),
    users.accounts("ann"),
    users.keepTokens(account, "sealed"),
    users.keptTokens(account),
    tokens.redeem("unknown", "reset", 0),
    store.keys.load(),
    sessions.endedSince(null, 10, 0),
    tokens.readSlot("unknown", 0),
    tokens.redeemSlot("unknown", "secret", 0),
    users.changeEmail("ann", "a@example.com", 1),
  ]);
  await Promise.all([tokens.revoke("ann", "reset"), throttle.release(["key"])]);
  const absent = [null, null, null, false, [], [], 0];
  expect(answers).toEqual([
    ...absent,
    null,
    null,
    null,
    false,
    null,
    false,
    false,
    [],
    false,
    null,
    null,
    null,
    { entries: [], cursor: "0", more: false },
    null,
    null,
    null,
  ]);
  await vi.waitFor(async () => {
    expect(await sessions.rotate({ ...rotationOf("phone", 0, 0), id })).toBeNull();
  }, patience);
  const others = [
    hashed("email", "a@example.com"),
    hashed("account", JSON.stringify(["github", "1001"])),
    hashed("token", "unknown"),
    hashed("slot", "unknown"),
    hashed("attempts", "key"),
  ];
  for (const object of [ann, "keys", "feed", ...others]) expect(await look(object), object).toEqual(nothing);
});

test.concurrent("a refused sign-up leaves no object behind", async () => {
  const { store, look } = inWorld("refused");
  const blank = {
    username: null,
    name: null,
    picture: null,
    emailVerified: false,
    passwordHash: null,
    disabledAt: null,
  };
  const user = { email: "a@example.com", credentialsVersion: 1, createdAt: now(), ...blank };
  expect(await store.users.create({ id: "bob", ...user })).toBe(true);
  expect(await store.users.create({ id: "ann", ...user })).toBe(false);
  await vi.waitFor(async () => expect(await look(ann)).toEqual(nothing), patience);
  expect(await store.sessions.create(current(), { ...freely, ifVersion: 1 })).toBeNull();
  await vi.waitFor(async () => expect(await look(ann)).toEqual(nothing), patience);
});

test.concurrent("the reservation of an interrupted change of address ends after a minute", async () => {
  const world = "reserved";
  const blank = {
    username: null,
    name: null,
    picture: null,
    emailVerified: false,
    passwordHash: null,
    disabledAt: null,
  };
  const user = { credentialsVersion: 1, createdAt: now(), ...blank };
  const { users } = bridged(host, { world });
  await users.create({ id: "bob", email: "b@example.com", ...user });
  // The calls: the row, the holder of the old address, the reservation, the row.
  const { users: broken } = bridged(host, { world, failing: { call: 4, late: false } });
  await expect(broken.changeEmail("bob", "new@example.com", 1)).rejects.toThrow("the network fails");
  const signUp = (id: string): Promise<unknown> => users.create({ id, email: "new@example.com", ...user });
  expect(await signUp("eve")).toBe(false);
  expect(await users.changeEmail("bob", "new@example.com", 1)).toBeNull();
  await new Promise((resolve) => setTimeout(resolve, 50_000));
  expect(await signUp("eve")).toBe(false);
  await vi.waitFor(async () => expect(await signUp("eve")).toBe(true), patience);
  expect((await users.find({ email: "new@example.com" }))?.id).toBe("eve");
  expect(await users.changeEmail("bob", "new@example.com", 1)).toBe("taken");
});

test("the object's clock decides about expiry", async () => {
  const { sessions, throttle, tokens } = bridged(host, { world: "clock", clock: "object" });
  const row = current({ familyHash: digestOf("phone"), rootHash: digestOf("phone 0") });
  await sessions.create(row, freely);
  const rotation = { ...rotationOf("phone", 0, 5), id: row.id };
  const after = await sessions.rotate(rotation);
  expect(Math.abs((after?.now ?? 0) - now())).toBeLessThan(3);
  expect(after?.row.childIssuedAt).toBe(after?.now);
  expect((await sessions.rotate({ ...rotation, now: 9_999_999_999 }))?.row).toEqual(after?.row);
  const rule = { limit: 1, window: 600 };
  expect(await throttle.hit([{ key: "key", rule }], 5)).toEqual({ allowed: true });
  expect((await throttle.hit([{ key: "key", rule }], 9_999_999_999)).allowed).toBe(false);
  const token = { hash: digestOf("old"), purpose: "reset", userId: null, data: {}, expiresAt: now() - 1 };
  await tokens.put(token);
  expect(await tokens.redeem(token.hash, "reset", 5)).toBeNull();
});
