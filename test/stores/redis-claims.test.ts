import { type User, userTag } from "@latchkey/core/store";
import { type NodeRedisClient, redis } from "@latchkey/redis";
import { createClient, type RedisClientType } from "redis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { describeRedis, startRedis } from "./redis-server.ts";
import { START } from "./sessions.ts";

const run = `latchkey-claims-${process.pid}:`;
const github = { provider: "github", subject: "1001" };

function user(id: string): User {
  return {
    id,
    email: "ann@example.com",
    username: "ann",
    name: null,
    picture: null,
    emailVerified: false,
    passwordHash: null,
    credentialsVersion: 1,
    createdAt: START,
    disabledAt: null,
  };
}

describeRedis("a claim on an identifier in Redis", () => {
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

  const email = (): string => `${prefix}email:ann@example.com`;
  const age = async (key: string, seconds: number): Promise<void> => {
    const [since = "", ...rest] = String(await client.get(key)).split(":");
    await client.set(key, [(Number(since) - seconds).toFixed(6), ...rest].join(":"));
  };

  test("of an interrupted sign-up is void after a minute", async () => {
    const { users } = redis(cutShort(client, "'HSET', KEYS[1], unpack(ARGV, 2)"), { prefix });
    await expect(users.create(user("first"))).rejects.toThrow("cut short");
    const { users: others } = redis(client, { prefix });
    expect(await others.find({ email: "ann@example.com" })).toBeNull();
    expect(await others.create(user("second"))).toBe(false);
    await age(email(), 61);
    await age(`${prefix}username:ann`, 61);
    const made = await Promise.all(["a", "b", "c"].map((id) => others.create(user(id))));
    expect(made.filter(Boolean).length).toBe(1);
    const [found] = ["a", "b", "c"].filter((_, n) => made[n]);
    expect((await others.find({ email: "ann@example.com" }))?.id).toBe(found);
    expect((await others.find({ username: "ann" }))?.id).toBe(found);
  });

  test("stays valid at any age once a user row confirms it", async () => {
    const { users } = redis(client, { prefix });
    await users.create(user("first"));
    await users.link("first", github);
    await age(email(), 9_999);
    await age(`${prefix}account:["github","1001"]`, 9_999);
    expect(await users.create({ ...user("second"), username: null })).toBe(false);
    expect((await users.find({ email: "ann@example.com" }))?.id).toBe("first");
    await users.create({ ...user("second"), email: null, username: null });
    expect(await users.link("second", github)).toBe(false);
    expect((await users.findByAccount(github))?.id).toBe("first");
  });

  test("cannot be confirmed too late: the row is refused, and the identifier is free", async () => {
    const late: NodeRedisClient = {
      evalSha: async () => {
        throw new Error("NOSCRIPT");
      },
      eval: (script, options) => {
        const isInsert = script.includes("'HSET', KEYS[1], unpack(ARGV, 2)");
        const [deadline = "", ...rest] = options.arguments;
        const values = isInsert ? [String(Number(deadline) - 31), ...rest] : options.arguments;
        return client.eval(script, { ...options, arguments: values });
      },
    };
    const { users } = redis(late, { prefix });
    await expect(users.create(user("first"))).rejects.toThrow("too late");
    expect(await users.get("first")).toBeNull();
    expect(await redis(client, { prefix }).users.create(user("second"))).toBe(true);
  });

  test("of an interrupted deletion is void after a minute, and finds no user before", async () => {
    const { users } = redis(cutShort(client, "~= ARGV[1] then return 0 end"), { prefix });
    await users.create(user("first"));
    await users.link("first", github);
    await users.keepTokens(github, "sealed");
    await expect(users.delete("first")).rejects.toThrow("cut short");
    const { users: others } = redis(client, { prefix });
    expect(await others.find({ email: "ann@example.com" })).toBeNull();
    expect(await others.findByAccount(github)).toBeNull();
    expect(await others.keptTokens(github)).toBeNull();
    expect(await others.keepTokens(github, "late")).toBe(false);
    for (const key of [email(), `${prefix}username:ann`, `${prefix}account:["github","1001"]`]) {
      await age(key, 61);
    }
    expect(await others.create(user("second"))).toBe(true);
    expect(await others.link("second", github)).toBe(true);
    expect(await others.keptTokens(github)).toBeNull();
  });

  test("of a change of address that was interrupted before the write is void after a minute", async () => {
    const { users } = redis(cutShort(client, "'HSET', KEYS[1], 'email'"), { prefix });
    await users.create(user("first"));
    await expect(users.changeEmail("first", "new@example.com", 1)).rejects.toThrow("cut short");
    const { users: others } = redis(client, { prefix });
    const second = { ...user("second"), email: "new@example.com", username: null };
    expect((await others.find({ email: "ann@example.com" }))?.id).toBe("first");
    expect(await others.find({ email: "new@example.com" })).toBeNull();
    expect(await others.create(second)).toBe(false);
    await age(`${prefix}email:new@example.com`, 61);
    expect(await others.create(second)).toBe(true);
    expect(await others.changeEmail("first", "new@example.com", 1)).toBe("taken");
    expect(await others.get("first")).toEqual(user("first"));
  });

  test("of a change of address that was interrupted after the write finds the user by the new address only", async () => {
    const { users } = redis(cutShort(client, "~= ARGV[1] then return 0 end"), { prefix });
    await users.create(user("first"));
    await expect(users.changeEmail("first", "new@example.com", 1)).rejects.toThrow("cut short");
    const { users: others } = redis(client, { prefix });
    expect((await others.find({ email: "new@example.com" }))?.id).toBe("first");
    expect(await others.find({ email: "ann@example.com" })).toBeNull();
    await age(email(), 61);
    const second = { ...user("second"), username: null };
    const [created, back] = await Promise.all([
      others.create(second),
      others.changeEmail("first", "ann@example.com", 2),
    ]);
    expect(created).toBe(back === "taken");
    expect((await others.find({ email: "ann@example.com" }))?.id).toBe(created ? "second" : "first");
  });

  test("of a change of address cannot be confirmed too late", async () => {
    const late: NodeRedisClient = {
      evalSha: async () => {
        throw new Error("NOSCRIPT");
      },
      eval: (script, options) => {
        const isChange = script.includes("'HSET', KEYS[1], 'email'");
        const [deadline = "", ...rest] = options.arguments;
        const values = isChange ? [String(Number(deadline) - 31), ...rest] : options.arguments;
        return client.eval(script, { ...options, arguments: values });
      },
    };
    const { users } = redis(late, { prefix });
    await users.create(user("first"));
    await expect(users.changeEmail("first", "new@example.com", 1)).rejects.toThrow("too late");
    expect(await users.get("first")).toEqual(user("first"));
    expect((await users.find({ email: "ann@example.com" }))?.id).toBe("first");
  });

  test("that a change back has renewed is not released by the first change", async () => {
    const { users } = redis(client, { prefix });
    await users.create(user("first"));
    await age(email(), 61);
    let isBack = false;
    const slow: NodeRedisClient = {
      evalSha: async () => {
        throw new Error("NOSCRIPT");
      },
      eval: async (script, options) => {
        if (script.includes("~= ARGV[1] then return 0 end") && !isBack) {
          isBack = true;
          expect(await users.changeEmail("first", "ann@example.com", 2)).toMatchObject({
            credentialsVersion: 3,
          });
        }
        return client.eval(script, options);
      },
    };
    await redis(slow, { prefix }).users.changeEmail("first", "new@example.com", 1);
    expect(await users.create({ ...user("second"), username: null })).toBe(false);
    expect((await users.find({ email: "ann@example.com" }))?.id).toBe("first");
  });

  test("costs as many commands to look up if there is none", async () => {
    let commands = 0;
    const counting: NodeRedisClient = {
      evalSha: (...args) => {
        commands += 1;
        return client.evalSha(...args);
      },
      eval: (...args) => client.eval(...args),
    };
    const { users } = redis(counting, { prefix });
    await users.create(user("first"));
    const costs: number[] = [];
    for (const email of ["ann@example.com", "none@example.com"]) {
      commands = 0;
      expect((await users.find({ email }))?.id ?? null).toBe(email.startsWith("ann") ? "first" : null);
      costs.push(commands);
    }
    expect(costs).toEqual([2, 2]);
  });

  test("that another call has taken is not released by the first call", async () => {
    const { users } = redis(client, { prefix });
    const key = `${prefix}account:["github","1001"]`;
    await users.create(user("first"));
    await users.link("first", github);
    await age(key, 61);
    const slow: NodeRedisClient = {
      evalSha: async () => {
        throw new Error("NOSCRIPT");
      },
      eval: async (script, options) => {
        if (script.includes("~= ARGV[1] then return 0 end")) {
          expect(await users.link("first", github)).toBe(true);
        }
        return client.eval(script, options);
      },
    };
    expect(await redis(slow, { prefix }).users.unlink("first", github)).toBe(true);
    expect((await users.findByAccount(github))?.id).toBe("first");
    expect(await users.accounts("first")).toEqual([github]);
  });

  test("releases the stored tokens too, so a new link finds none of them", async () => {
    const { users } = redis(client, { prefix });
    const key = `${prefix}{${userTag("first")}}:link-tokens:first`;
    const google = { provider: "google", subject: "1001" };
    await users.create(user("first"));
    for (const account of [github, google]) {
      await users.link("first", account);
      await users.keepTokens(account, "sealed");
    }
    await users.unlink("first", google);
    expect(await client.hKeys(key)).toEqual(['["github","1001"]']);
    await users.delete("first");
    expect(await client.exists(key)).toBe(0);

    await users.create(user("first"));
    await client.hSet(key, '["github","1001"]', "left behind");
    expect(await users.keptTokens(github)).toBeNull();
    await users.link("first", github);
    expect(await users.keptTokens(github)).toBeNull();
    expect(await users.accounts("first")).toEqual([github]);
  });
});

/** The same client, gone whenever a script that holds this text is due. */
function cutShort(client: NodeRedisClient, text: string): NodeRedisClient {
  return {
    evalSha: async () => {
      throw new Error("NOSCRIPT");
    },
    eval: async (script, options) => {
      if (script.includes(text)) throw new Error("cut short");
      return client.eval(script, options);
    },
  };
}
