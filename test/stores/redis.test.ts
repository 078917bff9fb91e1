import { type RedisClient, redis } from "@latchkey/redis";
import { describeStore, type StoreUnderTest } from "@latchkey/store-contract";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type Clients, ioredis, nodeRedis } from "./redis-clients.ts";
import { describeRedis, startRedis } from "./redis-server.ts";

const CONNECTIONS = 64;
const run = `latchkey-test-${process.pid}:`;

describeRedis("Redis", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  const opened: Clients<RedisClient>[] = [];

  beforeAll(async () => {
    server = await startRedis(run);
    opened.push(await nodeRedis(server.url, CONNECTIONS), await ioredis(server.url, CONNECTIONS));
  });

  afterAll(async () => {
    for (const { close } of opened) await close();
    await server.stop();
  });

  let stores = 0;
  const emptyStore = async (which: number): Promise<StoreUnderTest> => {
    const client = opened[which]?.client;
    if (client === undefined) throw new Error("not connected");
    return { store: redis(client, { clock: "caller", prefix: `${run}${stores++}:` }) };
  };

  describeStore({ describe, it }, "Redis by node-redis", () => emptyStore(0));
  describeStore({ describe, it }, "Redis by ioredis", () => emptyStore(1));
});
