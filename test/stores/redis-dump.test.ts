import { redis } from "@latchkey/redis";
import { createClient, type RedisClientType } from "redis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ANN } from "../fixtures/server.ts";
import { busyRun } from "./busy-run.ts";
import { describeRedis, startRedis } from "./redis-server.ts";

const prefix = `latchkey-dump-${process.pid}:`;

describeRedis("the keys in Redis", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let client: RedisClientType;

  beforeAll(async () => {
    server = await startRedis(prefix);
    client = createClient({ url: server.url });
    await client.connect();
  });

  afterAll(async () => {
    vi.restoreAllMocks();
    await client.close();
    await server.stop();
  });

  test("hold no token, no password and no private key after many operations", async () => {
    const secrets = await busyRun(redis(client, { clock: "caller", prefix }));
    const text = await dump(client);
    for (const kind of [
      "session:",
      "sessions:",
      "user:",
      "links:",
      "email:",
      "account:",
      "attempts:",
      "keys",
    ]) {
      expect(text, `${kind} must be there`).toContain(kind);
    }
    expect(text).toContain(ANN.email);
    expect(text).toContain("privateKey");
    expect(secrets.size()).toBeGreaterThan(500);
    expect(secrets.foundIn(text)).toEqual([]);
    expect(secrets.rawIn(Buffer.from(text))).toBe(0);
  });
});

/** Every key with everything in it, in text. */
async function dump(client: RedisClientType): Promise<string> {
  const lines: string[] = [];
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
    for (const key of keys) {
      const type = await client.type(key);
      const readers: Readonly<Record<string, () => Promise<unknown>>> = {
        hash: () => client.hGetAll(key),
        zset: () => client.zRangeWithScores(key, 0, -1),
        string: () => client.get(key),
        stream: () => client.xRange(key, "-", "+"),
      };
      const read = readers[type];
      if (read === undefined) throw new Error(`a key of type ${type}`);
      const value = await read();
      const members = typeof value === "object" && value !== null ? Object.entries(value).flat() : [value];
      lines.push(
        key,
        ...members.map((member) => (typeof member === "string" ? member : JSON.stringify(member))),
      );
    }
  }
  return lines.join("\n");
}
