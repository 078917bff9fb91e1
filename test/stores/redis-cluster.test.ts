import { type NodeRedisClient, type RedisClient, redis } from "@latchkey/redis";
import { describeStore, type StoreUnderTest } from "@latchkey/store-contract";
import { Cluster } from "ioredis";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { describeOwnRedis, type OwnRedis, ownRedis } from "./redis-server.ts";

const NODES = 3;
const SLOTS = 16_384;

describeOwnRedis("a Redis cluster of three primaries", () => {
  let servers: readonly OwnRedis[];
  const opened: (() => unknown)[] = [];
  const clients: RedisClient[] = [];
  const scripts: { readonly script: string; readonly keys: readonly string[] }[] = [];

  beforeAll(async () => {
    servers = await startCluster();
    const nodes = servers.map(({ url, port }) => ({ url, host: "127.0.0.1", port }));
    const byNode = createCluster({ rootNodes: nodes.map(({ url }) => ({ url })) }).on(
      "error",
      () => undefined,
    );
    await byNode.connect();
    const byIo = new Cluster(nodes.map(({ host, port }) => ({ host, port })));
    clients.push(recording(byNode, scripts), byIo);
    opened.push(
      () => byNode.destroy(),
      () => byIo.disconnect(),
    );
  });

  afterAll(async () => {
    for (const close of opened) close();
    for (const server of servers) await server.remove();
  });

  let stores = 0;
  const emptyStore = async (which: number): Promise<StoreUnderTest> => {
    const client = clients[which];
    if (client === undefined) throw new Error("not connected");
    return { store: redis(client, { clock: "caller", prefix: `${stores++}:` }) };
  };

  describeStore({ describe, it }, "a Redis cluster by node-redis", () => emptyStore(0));
  describeStore({ describe, it }, "a Redis cluster by ioredis", () => emptyStore(1));

  test("the keys of every script share one slot, and all three primaries hold some", async () => {
    const client = await createClient({ url: servers[0]?.url ?? "" }).connect();
    const slots = await Promise.all(
      scripts.map(({ keys }) =>
        Promise.all([...new Set(keys)].map((key) => client.sendCommand(["CLUSTER", "KEYSLOT", key]))),
      ),
    );
    client.destroy();
    expect(scripts.length).toBeGreaterThan(1_000);
    expect(new Set(scripts.map(({ script }) => script)).size).toBeGreaterThan(25);
    expect(slots.filter((of) => new Set(of).size > 1)).toEqual([]);
    expect(slots.filter((of) => of.length > 1).length).toBeGreaterThan(500);
    const primaries = new Set(slots.flat().map((slot) => Math.floor((Number(slot) * NODES) / SLOTS)));
    expect(primaries.size).toBe(NODES);
  });
});

/** The same cluster client, and note of every script that it ran with keys. */
function recording<C extends NodeRedisClient & object>(
  client: C,
  scripts: { readonly script: string; readonly keys: readonly string[] }[],
): C {
  return new Proxy(client, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name !== "evalSha" && name !== "eval") return member.bind(target);
      return (script: string, options: { readonly keys: readonly string[] }): unknown => {
        scripts.push({ script, keys: options.keys });
        return Reflect.apply(member, target, [script, options]);
      };
    },
  });
}

async function startCluster(): Promise<readonly OwnRedis[]> {
  const servers = await Promise.all(
    Array.from({ length: NODES }, () =>
      ownRedis("--cluster-enabled", "yes", "--cluster-node-timeout", "2000"),
    ),
  );
  await Promise.all(servers.map((server) => server.start()));
  const nodes = await Promise.all(servers.map(({ url }) => createClient({ url }).connect()));
  const border = (n: number): string => String(Math.ceil((n * SLOTS) / NODES));
  for (const [n, node] of nodes.entries()) {
    await node.sendCommand(["CLUSTER", "SET-CONFIG-EPOCH", String(n + 1)]);
    await node.sendCommand(["CLUSTER", "ADDSLOTSRANGE", border(n), String(Number(border(n + 1)) - 1)]);
    if (n > 0) await node.sendCommand(["CLUSTER", "MEET", "127.0.0.1", String(servers[0]?.port)]);
  }
  for (const node of nodes) {
    while (!String(await node.sendCommand(["CLUSTER", "INFO"])).includes("cluster_state:ok")) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    node.destroy();
  }
  return servers;
}
