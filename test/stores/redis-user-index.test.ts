import type { User } from "@latchkey/core/store";
import { type NodeRedisClient, redis } from "@latchkey/redis";
import { createClient, type RedisClientType } from "redis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { describeRedis, startRedis } from "./redis-server.ts";
import { START } from "./sessions.ts";

const run = `latchkey-index-${process.pid}:`;
const ALL = { by: "id", prefix: "", after: null, limit: 10 } as const;

function user(id: string): User {
  return {
    id,
    email: `${id}@example.com`,
    username: id,
    name: null,
    picture: null,
    emailVerified: false,
    passwordHash: null,
    credentialsVersion: 1,
    createdAt: START,
    disabledAt: null,
  };
}

describeRedis("the index of users in Redis", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let client: RedisClientType;
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
  beforeEach(() => {
    prefix = `${run}${stores++}:`;
  });

  const index = (): string => `${prefix}users`;
  const idsOf = (users: readonly User[] | undefined): readonly string[] | undefined =>
    users?.map(({ id }) => id);
  /** Makes the members of the index older. */
  const age = async (seconds: number): Promise<void> => {
    for (const member of await client.zRange(index(), 0, -1)) {
      const [key = "", rest = ""] = member.split("\u0000");
      const [since = "", ...id] = rest.split(":");
      await client.zRem(index(), member);
      const older = `${key}\u0000${(Number(since) - seconds).toFixed(6)}:${id.join(":")}`;
      await client.zAdd(index(), { score: 0, value: older });
    }
  };

  test("shows no user whose row was not written, and forgets the user after a minute", async () => {
    const cut = redis(cutShort(client, "'HSET', KEYS[1], unpack(ARGV, 2)"), { prefix }).users;
    const { users } = redis(client, { prefix });
    await users.create(user("ann"));
    await expect(cut.create(user("bob"))).rejects.toThrow("cut short");
    expect(idsOf(await users.list?.(ALL))).toEqual(["ann"]);
    expect(await client.zCard(index())).toBe(6);
    await age(61);
    expect(idsOf(await users.list?.({ ...ALL, limit: 1 }))).toEqual(["ann"]);
    expect(idsOf(await users.list?.(ALL))).toEqual(["ann"]);
    expect(idsOf(await users.list?.({ ...ALL, by: "email" }))).toEqual(["ann"]);
    expect(idsOf(await users.list?.({ ...ALL, by: "username" }))).toEqual(["ann"]);
    expect(await client.zCard(index())).toBe(3);
  });

  test("reads on where the users of a page are gone", async () => {
    const { users } = redis(client, { prefix });
    for (const id of ["a", "b", "c", "d", "e"]) await users.create(user(id));
    const gone = redis(cutShort(client, "ZREM"), { prefix }).users;
    for (const id of ["a", "b", "c"]) await expect(gone.delete(id)).rejects.toThrow("cut short");
    expect(idsOf(await users.list?.({ ...ALL, limit: 2 }))).toEqual(["d", "e"]);
    expect(idsOf(await users.list?.({ ...ALL, limit: 1 }))).toEqual(["d"]);
  });

  test("has a user who is created again while an earlier member is left", async () => {
    const { users } = redis(client, { prefix });
    await users.create(user("ann"));
    await expect(redis(cutShort(client, "ZREM"), { prefix }).users.delete("ann")).rejects.toThrow(
      "cut short",
    );
    await age(61);
    await users.create({ ...user("ann"), email: "new@example.com", username: null });
    expect(idsOf(await users.list?.(ALL))).toEqual(["ann"]);
    expect(idsOf(await users.list?.({ ...ALL, by: "email", prefix: "ann" }))).toEqual([]);
    expect(await users.delete("ann")).toBe(true);
    expect(await users.list?.(ALL)).toEqual([]);
  });

  test("gets the users that it lacks from a prune of all users", async () => {
    const { users, sessions } = redis(client, { prefix });
    for (const id of ["ann", "bob", "a:user:b"]) await users.create(user(id));
    await users.link("ann", { provider: "github", subject: "1001" });
    await users.link("a:user:b", { provider: "github", subject: "1002" });
    await client.del(index());
    expect(await users.list?.(ALL)).toEqual([]);
    await sessions.prune({ userId: null, keep: false, now: START });
    await sessions.prune({ userId: null, keep: false, now: START });
    expect(idsOf(await users.list?.(ALL))).toEqual(["a:user:b", "ann", "bob"]);
    expect(idsOf(await users.list?.({ ...ALL, by: "email", prefix: "bob" }))).toEqual(["bob"]);
    expect(await client.zCard(index())).toBe(9);
  });
});

/** A client that loses the connection at a script with this text. */
function cutShort(client: RedisClientType, text: string): NodeRedisClient {
  const lost = (): Promise<never> => Promise.reject(new Error("cut short"));
  return {
    evalSha: async (sha, options) => {
      throw new Error(`NOSCRIPT ${sha} ${options.keys.length}`);
    },
    eval: (script, options) => (script.includes(text) ? lost() : client.eval(script, options)),
  };
}
