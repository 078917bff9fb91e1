import type { IoredisClient, NodeRedisClient } from "@latchkey/redis";
import { Redis } from "ioredis";
import { createClient } from "redis";

/** Clients that are closed together. */
export interface Clients<C> {
  readonly client: C;
  close(): Promise<void>;
}

/** One node-redis client to the store, whose calls go round over as many connections. */
export async function nodeRedis(url: string, connections: number): Promise<Clients<NodeRedisClient>> {
  const clients = await Promise.all(
    Array.from({ length: connections }, () =>
      createClient({ url })
        .on("error", () => undefined)
        .connect(),
    ),
  );
  const next = around(clients);
  return {
    client: {
      evalSha: (sha, options) => next().evalSha(sha, options),
      eval: (script, options) => next().eval(script, options),
    },
    close: async () => {
      for (const client of clients) client.destroy();
    },
  };
}

/** The same of ioredis. */
export async function ioredis(url: string, connections: number): Promise<Clients<IoredisClient>> {
  const clients = Array.from({ length: connections }, () => new Redis(url, { lazyConnect: true }));
  await Promise.all(clients.map((client) => client.connect()));
  const next = around(clients);
  return {
    client: {
      evalsha: (sha, count, ...rest) => next().evalsha(sha, count, ...rest),
      eval: (script, count, ...rest) => next().eval(script, count, ...rest),
    },
    close: async () => {
      for (const client of clients) client.disconnect();
    },
  };
}

function around<T>(all: readonly T[]): () => T {
  let turn = 0;
  return () => {
    const one = all[turn++ % all.length];
    if (one === undefined) throw new Error("no connections");
    return one;
  };
}
