import { userTag } from "@latchkey/core/store";
import { type NodeRedisClient, redis } from "@latchkey/redis";
import { createClient, type RedisClientType } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeOwnRedis, describeRedis, type OwnRedis, ownRedis, startRedis } from "./redis-server.ts";
import { digestOf, rotationOf, session as sample } from "./sessions.ts";

const run = `latchkey-feed-${process.pid}:`;
const freely = { ifVersion: null, limit: null, replaces: [] } as const;
const RETENTION = 3_600;

/** A session of ann's that begins at `now`. */
function session(name: string, now: number) {
  const bytes = Buffer.from(digestOf(name), "base64url").subarray(0, 8);
  const id = Buffer.concat([Buffer.from(userTag("ann"), "base64url"), bytes]).toString("base64url");
  return sample(name, { id, createdAt: now, authTime: now, refreshedAt: now, expiresAt: now + 86_400 });
}

describeRedis("the feed on one server", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let client: RedisClientType;
  let stores = 0;
  const newPrefix = (): string => `${run}${stores++}:`;
  const clock = async (): Promise<number> => Number(String(await client.sendCommand(["TIME"])).split(",")[0]);
  const addEntry = (prefix: string, id: string, until: number, place = "*"): Promise<unknown> => {
    const fields = ["kind", "ended", "id", id, "at", `${until - 600}`, "until", `${until}`];
    return client.sendCommand(["XADD", `${prefix}feed`, place, ...fields]);
  };

  beforeAll(async () => {
    server = await startRedis(run);
    client = createClient({ url: server.url });
    await client.connect();
  });

  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  test("each operation that ends a session is one script, which writes the entry", async () => {
    const prefix = newPrefix();
    const { client: counted, calls } = counting(client);
    const { sessions } = redis(counted, { prefix });
    const now = await clock();
    for (const name of ["a", "b", "c", "d"]) await sessions.create(session(name, now), freely);
    const ends = [
      () => sessions.end(session("a", now).id, null, { reason: "logout", now }),
      () => sessions.create(session("new", now), { ...freely, replaces: [session("b", now).id] }),
      () => sessions.rotate({ ...rotationOf("c", 7, now), id: session("c", now).id }),
      () => sessions.rotate({ ...rotationOf("c", 0, now, digestOf("c 1")), id: session("c", now).id }),
      () => sessions.endAll("ann", null, { reason: "revoked", now }),
    ];
    for (const end of ends) {
      const before = calls.length;
      await end();
      expect(calls.slice(before).filter((call) => call !== "unknown script").length).toBe(1);
    }
    const { entries } = await sessions.endedSince(null, 10, now);
    const ids = entries.map((entry) => ("sessionId" in entry ? entry.sessionId : entry.userId));
    const idsOf = (names: readonly string[]) => names.map((name) => session(name, now).id);
    expect(ids.slice(0, 2)).toEqual(idsOf(["a", "b"]));
    expect(ids.slice(2).sort()).toEqual(idsOf(["c", "d", "new"]).sort());
  });

  test("the stream expires an hour after the last access token", async () => {
    const prefix = newPrefix();
    const { sessions } = redis(client, { prefix, keepEnded: true });
    const now = await clock();
    await sessions.create({ ...session("long", now), accessLifetime: 9_000 }, freely);
    await sessions.create(session("short", now), freely);
    await sessions.end(session("long", now).id, null, { reason: "logout", now });
    const ttl = (): Promise<number> => client.ttl(`${prefix}feed`);
    expect(9_000 + RETENTION - (await ttl())).toBeLessThan(30);
    await sessions.end(session("short", now).id, null, { reason: "logout", now });
    expect(9_000 + RETENTION - (await ttl())).toBeLessThan(30);
  });

  test("a read from the start reads no expired entry twice", async () => {
    const prefix = newPrefix();
    const { sessions } = redis(client, { prefix });
    const now = await clock();
    for (let n = 0; n < 100; n++) {
      await Promise.all(Array.from({ length: 500 }, () => addEntry(prefix, "old", now - 2)));
    }
    await addEntry(prefix, "live", now + 600);
    const read = async (cursor: string | null) => {
      const { entries } = await sessions.endedSince(cursor, 10, now);
      return entries.map((entry) => ("sessionId" in entry ? entry.sessionId : entry.userId));
    };
    const cost = async (): Promise<number> => {
      const begin = performance.now();
      for (let n = 0; n < 5; n++) expect(await read(n % 2 === 0 ? null : "1-1")).toEqual(["live"]);
      return performance.now() - begin;
    };
    const other = redis(client, { prefix }).sessions;
    const begin = performance.now();
    await other.endedSince(null, 10, now);
    const whole = performance.now() - begin;
    await read(null);
    expect(await cost()).toBeLessThan(whole);
    // Another stream of the same name has other entries.
    await client.del(`${prefix}feed`);
    await addEntry(prefix, "new", now + 600, "1-1");
    expect(await read(null)).toEqual(["new"]);
  });

  test("a cursor of a stream that was deleted, or of another one, starts again", async () => {
    const prefix = newPrefix();
    const { sessions } = redis(client, { prefix });
    const now = await clock();
    for (const name of ["a", "b"]) await sessions.create(session(name, now), freely);
    await sessions.end(session("a", now).id, null, { reason: "logout", now });
    const { cursor } = await sessions.endedSince(null, 10, now);
    await client.del(`${prefix}feed`);
    expect(await sessions.endedSince(cursor, 10, now)).toEqual({ entries: [], cursor: "0", more: false });
    // An entry of the same millisecond would have the id of the deleted one.
    await new Promise((resolve) => setTimeout(resolve, 3));
    await sessions.end(session("b", now).id, null, { reason: "logout", now });
    const page = await sessions.endedSince(cursor, 10, now);
    expect(page.entries).toMatchObject([{ sessionId: session("b", now).id }]);
    expect((await sessions.endedSince("0", 10, now)).entries).toEqual(page.entries);
  });

  test("a server whose clock went back hours gives the same order", async () => {
    const prefix = newPrefix();
    const { sessions } = redis(client, { prefix });
    const now = await clock();
    const later = (now + 7_200) * 1_000;
    const values = ["kind", "ended", "id", "x", "at", `${now}`, "until", `${now + 600}`];
    await client.sendCommand(["XADD", `${prefix}feed`, `${later}-0`, ...values]);
    const { cursor } = await sessions.endedSince(null, 10, now);
    await sessions.create(session("a", now), freely);
    await sessions.end(session("a", now).id, null, { reason: "logout", now });
    expect((await sessions.endedSince(cursor, 10, now)).entries.length).toBe(1);
  });
});

describeOwnRedis("the feed of a cluster", () => {
  let server: OwnRedis;
  let client: RedisClientType;
  let stores = 0;

  beforeAll(async () => {
    server = await ownRedis("--cluster-enabled", "yes");
    await server.start();
    client = createClient({ url: server.url });
    await client.connect();
    await client.sendCommand(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    while (!String(await client.sendCommand(["CLUSTER", "INFO"])).includes("cluster_state:ok"));
  });

  afterAll(async () => {
    client.destroy();
    await server.remove();
  });

  const ended = async (name: string, sessionClient: NodeRedisClient) => {
    const prefix = `${stores++}:`;
    const { sessions } = redis(client, { prefix });
    const now = Math.floor(Date.now() / 1_000);
    const row = session(name, now);
    await sessions.create(row, freely);
    const { end } = redis(sessionClient, { prefix }).sessions;
    const result = await end(row.id, null, { reason: "logout", now }).catch(() => "failed");
    const after = await sessions.get(row.id, now);
    return {
      result,
      endReason: after?.row.endReason,
      feed: (await sessions.endedSince(null, 9, now)).entries,
    };
  };

  test("a client that knows one server of it writes the entry by a second script", async () => {
    const { client: counted, calls } = counting(client);
    expect(await ended("one", counted)).toMatchObject({ endReason: "logout", feed: [{ kind: "ended" }] });
    expect(calls.filter((call) => call === "answered").length).toBe(2);
  });

  test("a second script that fails once is repeated", async () => {
    const { client: failing } = counting(client, (n) => n === 2);
    const found = await ended("two", failing);
    expect(found).toMatchObject({ endReason: "logout", feed: [{ kind: "ended" }] });
    expect(found.result).not.toBe("failed");
  });

  test("if it fails for good, the session has ended without an entry, and the operation fails", async () => {
    const { client: failing } = counting(client, (n) => n >= 2);
    expect(await ended("three", failing)).toEqual({ result: "failed", endReason: "logout", feed: [] });
  });
});

/** The same client, and a note of each call. `fails` makes a call fail, by the number of scripts that ran before, from 1. */
function counting(
  client: RedisClientType,
  fails: (n: number) => boolean = () => false,
): { readonly client: NodeRedisClient; readonly calls: string[] } {
  const calls: string[] = [];
  const call = async (work: () => Promise<unknown>): Promise<unknown> => {
    if (fails(calls.filter((each) => each === "answered").length + 1)) {
      calls.push("answered");
      throw new Error("the connection is lost");
    }
    try {
      const reply = await work();
      calls.push("answered");
      return reply;
    } catch (error) {
      calls.push(String(error).includes("NOSCRIPT") ? "unknown script" : "refused");
      throw error;
    }
  };
  return {
    calls,
    client: {
      evalSha: (sha, options) => call(() => client.evalSha(sha, options)),
      eval: (script, options) => call(() => client.eval(script, options)),
    },
  };
}
