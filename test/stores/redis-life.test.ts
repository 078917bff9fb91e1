import { type Rotation, rotationOutcome, type SessionRow, userTag } from "@latchkey/core/store";
import { type NodeRedisClient, redis } from "@latchkey/redis";
import { createClient, type RedisClientType } from "redis";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { describeOwnRedis, describeRedis, ownRedis, startRedis } from "./redis-server.ts";
import { digestOf, rotationOf, session as sample } from "./sessions.ts";

const run = `latchkey-life-${process.pid}:`;
const freely = { ifVersion: null, limit: null, replaces: [] } as const;
const DAY = 86_400;

/** A session that begins at `now`, under an id of the user's tag. */
function session(name: string, now: number, changes: Partial<SessionRow> = {}): SessionRow {
  const times = { createdAt: now, authTime: now, refreshedAt: now, expiresAt: now + DAY };
  return { ...sample(name), id: idOf(name), ...times, ...changes };
}

function idOf(name: string): string {
  const bytes = Buffer.from(digestOf(name), "base64url").subarray(0, 8);
  return Buffer.concat([Buffer.from(userTag("ann"), "base64url"), bytes]).toString("base64url");
}

function rotate(name: string, generation: number, changes: Partial<Rotation> = {}): Rotation {
  return { ...rotationOf(name, generation, 0), id: idOf(name), ...changes };
}

describeRedis("Redis", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let client: RedisClientType;
  let now: number;
  let prefix = run;
  let stores = 0;

  beforeAll(async () => {
    server = await startRedis(run);
    client = createClient({ url: server.url });
    await client.connect();
  });

  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  beforeEach(async () => {
    prefix = `${run}${stores++}:`;
    now = Number(String(await client.sendCommand(["TIME"])).split(",")[0]);
  });

  const rowKey = (name: string): string => `${prefix}{${userTag("ann")}}:session:${idOf(name)}`;
  const indexKey = (): string => `${prefix}{${userTag("ann")}}:sessions:ann`;
  // A busy machine takes its time between the two clocks.
  const near = (life: number) => Array.from({ length: 22 }, (_, n) => life + 1 - n);

  test("a session is kept until its last access token expires, and its index as long as the longest session", async () => {
    const { sessions } = redis(client, { prefix });
    const row = session("phone", now);
    await sessions.create(row, freely);
    expect(near(DAY + row.accessLifetime)).toContain(await client.ttl(rowKey("phone")));
    await sessions.create(session("tablet", now, { expiresAt: now + 2 * DAY }), freely);
    expect(near(2 * DAY + 600)).toContain(await client.ttl(indexKey()));
    await sessions.end(row.id, null, { reason: "logout", now });
    expect(near(row.accessLifetime)).toContain(await client.ttl(rowKey("phone")));
    expect(near(2 * DAY + 600)).toContain(await client.ttl(indexKey()));
    await sessions.endAll("ann", null, { reason: "revoked", now });
    expect(near(600)).toContain(await client.ttl(indexKey()));
  });

  test("a rotation extends the time to live of a session up to its absolute expiry", async () => {
    const { sessions } = redis(client, { prefix });
    await sessions.create(session("phone", now, { expiresAt: now + 100 }), freely);
    expect(near(700)).toContain(await client.ttl(rowKey("phone")));
    await sessions.rotate(rotate("phone", 0));
    expect(near(DAY + 600)).toContain(await client.ttl(rowKey("phone")));
    expect(near(DAY + 600)).toContain(await client.ttl(indexKey()));
    await sessions.create(
      session("bound", now, { expiresAt: now + 100, absoluteExpiresAt: now + 400 }),
      freely,
    );
    await sessions.rotate(rotate("bound", 0));
    expect(near(1_000)).toContain(await client.ttl(rowKey("bound")));
  });

  test("a session without an end has no time to live, and gets one when it ends", async () => {
    const { sessions } = redis(client, { prefix });
    await sessions.create(session("machine", now, { idleLifetime: null, expiresAt: null }), freely);
    expect({ row: await client.ttl(rowKey("machine")), index: await client.ttl(indexKey()) }).toEqual({
      row: -1,
      index: -1,
    });
    await sessions.end(idOf("machine"), null, { reason: "revoked", now });
    expect(near(600)).toContain(await client.ttl(rowKey("machine")));
    expect(near(600)).toContain(await client.ttl(indexKey()));
  });

  test("expired sessions disappear without prune, also from lists and indexes", async () => {
    const { sessions } = redis(client, { prefix });
    await sessions.create(session("short", now, { expiresAt: now, accessLifetime: 1 }), freely);
    await sessions.create(session("long", now), freely);
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(await sessions.get(idOf("short"), now)).toBeNull();
    expect((await sessions.list("ann", now)).map(({ id }) => id)).toEqual([idOf("long")]);
    await sessions.create(session("next", now), freely);
    expect(await client.zCard(indexKey())).toBe(2);
    expect(await sessions.prune({ userId: null, keep: false, now })).toBe(0);
  });

  test("keepEnded keeps sessions until prune, which marks or deletes them", async () => {
    const { sessions } = redis(client, { prefix, keepEnded: true });
    await sessions.create(session("phone", now), freely);
    await sessions.create(session("over", now, { expiresAt: now - 5, accessLifetime: 1 }), freely);
    await sessions.end(idOf("phone"), null, { reason: "logout", now });
    expect({ row: await client.ttl(rowKey("phone")), index: await client.ttl(indexKey()) }).toEqual({
      row: -1,
      index: -1,
    });
    expect(await sessions.prune({ userId: null, keep: true, now })).toBe(1);
    expect((await sessions.get(idOf("over"), now))?.row.endReason).toBe("expired");
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await sessions.prune({ userId: null, keep: false, now })).toBe(1);
    expect(await sessions.get(idOf("over"), now)).toBeNull();
  });

  test("keepEnded can be switched on and off, and no orphaned row is left", async () => {
    const [keeping, forgetting] = [redis(client, { prefix, keepEnded: true }), redis(client, { prefix })];
    await forgetting.sessions.create(session("early", now), freely);
    await keeping.sessions.end(idOf("early"), null, { reason: "logout", now });
    await keeping.sessions.create(session("over", now, { expiresAt: now - 9, accessLifetime: 1 }), freely);
    expect({ row: await client.ttl(rowKey("early")), index: await client.ttl(indexKey()) }).toEqual({
      row: -1,
      index: -1,
    });
    await forgetting.sessions.create(session("later", now), freely);
    expect((await forgetting.sessions.get(idOf("over"), now))?.row.endedAt).toBeNull();
    expect(await forgetting.sessions.prune({ userId: null, keep: false, now })).toBe(1);
    expect(await client.exists([rowKey("over"), rowKey("early"), rowKey("later")])).toBe(2);
  });

  test("prune with `keep` removes the time to live of expired sessions, also without keepEnded", async () => {
    const { sessions } = redis(client, { prefix });
    await sessions.create(session("phone", now), freely);
    await sessions.create(session("over", now, { expiresAt: now - 5 }), freely);
    expect(await sessions.prune({ userId: "ann", keep: true, now })).toBe(1);
    expect({ row: await client.ttl(rowKey("over")), index: await client.ttl(indexKey()) }).toEqual({
      row: -1,
      index: -1,
    });
    expect(near(DAY + 600)).toContain(await client.ttl(rowKey("phone")));
    await sessions.create(session("next", now), freely);
    expect((await sessions.get(idOf("over"), now))?.row.endReason).toBe("expired");
  });

  test("the server's clock decides, whatever the clocks of the callers are", async () => {
    const { sessions, throttle, tokens } = redis(client, { prefix });
    await sessions.create(session("phone", now), freely);
    for (const wrong of [0, now + 99 * DAY]) {
      const after = await sessions.rotate(rotate("phone", 0, { now: wrong }));
      expect(near(0)).toContain(now - (after?.now ?? 0));
      expect(after?.row.generation).toBe(1);
    }
    const rule = { limit: 1, window: 60 };
    expect(await throttle.hit([{ key: "key", rule }], 0)).toEqual({ allowed: true });
    expect((await throttle.hit([{ key: "key", rule }], now + DAY)).allowed).toBe(false);
    expect(near(60)).toContain(await client.ttl(`${prefix}attempts:key`));
    const token = { hash: digestOf("t"), purpose: "reset", userId: "ann", data: {}, expiresAt: now + 100 };
    await tokens.put(token);
    expect(near(100)).toContain(await client.ttl(`${prefix}token:${token.hash}`));
    expect(await tokens.redeem(token.hash, "reset", now + DAY)).toEqual(token);
    expect(await tokens.prune(now + DAY)).toBe(0);
    const spent = digestOf("spent");
    for (const [wrong, first] of [
      [0, true],
      [now + DAY, false],
    ] as const) {
      expect(await tokens.spend(spent, "state", now + 100, wrong)).toBe(first);
    }
    expect(near(100)).toContain(await client.ttl(`${prefix}token:${spent}`));
    expect(await tokens.spend(digestOf("late"), "state", now - 1, 0)).toBe(false);
    const slot = { slot: "s", purpose: "code", secret: "d", tries: 5, userId: null, data: {} };
    await tokens.fillSlot({ ...slot, expiresAt: now + 100 });
    expect(near(100)).toContain(await client.ttl(`${prefix}slot:s`));
    await tokens.fillSlot({ ...slot, expiresAt: now + 50 });
    expect(await tokens.redeemSlot("s", "wrong", now + DAY)).toBeNull();
    expect(near(50)).toContain(await client.ttl(`${prefix}slot:s`));
    expect((await tokens.readSlot("s", now + DAY))?.tries).toBe(4);
    expect((await tokens.redeemSlot("s", "d", now + DAY))?.secret).toBe("d");
    await tokens.fillSlot({ ...slot, expiresAt: now - 1 });
    expect(await tokens.readSlot("s", 0)).toBeNull();
    expect(await tokens.redeemSlot("s", "d", 0)).toBeNull();
  });

  test("scripts are loaded again after the server has lost them", async () => {
    const { sessions } = redis(client, { prefix });
    await sessions.create(session("phone", now), freely);
    await sessions.rotate(rotate("phone", 0));
    await client.scriptFlush();
    const crowd = Array.from({ length: 8 }, () => sessions.rotate(rotate("phone", 0)));
    for (const after of await Promise.all(crowd)) expect(after?.row.generation).toBe(1);
    expect((await sessions.list("ann", now)).length).toBe(1);
  });

  test("a rotation sends one command", async () => {
    const sent: string[] = [];
    const counting: NodeRedisClient = {
      evalSha: (sha, options) => {
        sent.push(sha);
        return client.evalSha(sha, options);
      },
      eval: (script, options) => {
        sent.push("eval");
        return client.eval(script, options);
      },
    };
    const { sessions } = redis(counting, { prefix });
    await sessions.create(session("phone", now), freely);
    await sessions.rotate(rotate("phone", 0));
    sent.length = 0;
    for (const generation of [0, 1]) await sessions.rotate(rotate("phone", generation));
    await sessions.rotate(rotate("phone", 1, { policy: { lease: 0, transport: null } }));
    expect(sent.length).toBe(3);
    expect(sent).not.toContain("eval");
  });

  test("an evicted row or index causes a sign-out, and no later call restores it", async () => {
    const { sessions } = redis(client, { prefix });
    for (const evicted of [rowKey, indexKey]) {
      await sessions.create(session("phone", now), freely);
      await client.del(evicted("phone"));
      expect(await sessions.rotate(rotate("phone", 0))).toBeNull();
      expect(await sessions.get(idOf("phone"), now)).toBeNull();
      await sessions.create(session("other", now), freely);
      expect((await sessions.list("ann", now)).map(({ id }) => id)).toEqual([idOf("other")]);
      expect(await sessions.get(idOf("phone"), now)).toBeNull();
      expect((await sessions.endAll("ann", null, { reason: "revoked", now })).length).toBe(1);
      await client.del([rowKey("phone"), rowKey("other"), indexKey()]);
    }
  });

  test("a row that lost its last writes signs the honest client out without an alarm", async () => {
    const { sessions } = redis(client, { prefix });
    const policy = { lease: 0, transport: null };
    await sessions.create(session("phone", now), freely);
    await sessions.rotate(rotate("phone", 0, { policy }));
    const kept = await client.hGetAll(rowKey("phone"));
    await sessions.rotate(rotate("phone", 1, { policy }));
    await sessions.rotate(rotate("phone", 2, { policy }));
    await client.del(rowKey("phone"));
    await client.hSet(rowKey("phone"), kept);
    for (const generation of [3, 2]) {
      expect(await sessions.rotate(rotate("phone", generation, { policy }))).toMatchObject({ refused: true });
    }
    expect((await sessions.get(idOf("phone"), now))?.row).toMatchObject({ generation: 1, endedAt: null });
  });

  test("an invalid id, prefix or client is refused before a command is sent", async () => {
    const { sessions } = redis(client, { prefix });
    await expect(sessions.get("not an id", now)).rejects.toThrow("a session id is 16 bytes in base64url");
    expect(() => redis(client, { prefix: "a{b}" })).toThrow("letters, digits");
    expect(() => redis({} as never)).toThrow("node-redis or ioredis");
  });

  const damages: Readonly<Record<string, readonly [string, string]>> = {
    "broken JSON": ["context", '{"secret'],
    "JSON of another shape": ["context", '["secret"]'],
    "a device that is none": ["device", '{"userAgent":7}'],
    "a transport from elsewhere": ["transport", "secret"],
    "a time that is none": ["created_at", "secret"],
    "a fraction": ["generation", "1.5"],
    "a reason from elsewhere": ["end_reason", "secret"],
  };
  for (const [title, [field, value]] of Object.entries(damages)) {
    test(`a corrupt row causes an error without its values: ${title}`, async () => {
      const { sessions } = redis(client, { prefix });
      await sessions.create(session("phone", now), freely);
      await client.hSet(rowKey("phone"), field, value);
      const tokens = rotate("phone", 0);
      for (const call of [
        sessions.get(idOf("phone"), now),
        sessions.list("ann", now),
        sessions.rotate(tokens),
      ]) {
        await expect(call).rejects.toThrow(/^redis: session\.\w+ holds an invalid value$/);
      }
    });
  }
});

describeOwnRedis("a Redis server that no other client uses", () => {
  test("an answer with an access token only writes nothing", async () => {
    const server = await ownRedis();
    onTestFinished(server.remove);
    await server.start();
    const client = await createClient({ url: server.url }).connect();
    const changes = async (): Promise<string> =>
      /rdb_changes_since_last_save:(\d+)/.exec(await client.info("persistence"))?.[1] ?? "";
    const { sessions } = redis(client);
    await sessions.create(session("phone", Math.floor(Date.now() / 1_000)), freely);
    await sessions.rotate(rotate("phone", 0));
    const before = await changes();
    for (const generation of [0, 1, 0, 1]) {
      const rotation = rotate("phone", generation, { next: digestOf("unused") });
      const after = await sessions.rotate(rotation);
      expect(after && rotationOutcome(after.row, rotation.token, rotation.next)).toBe("access_only");
    }
    expect(await changes()).toBe(before);
    expect(Number(before)).toBeGreaterThan(0);
    client.destroy();
  });
});
