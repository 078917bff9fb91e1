import { list, texts } from "./fields.ts";

/** The part of a node-redis client, or of its cluster client, that Latchkey uses. */
export interface NodeRedisClient {
  evalSha(sha: string, options: NodeRedisScript): Promise<unknown>;
  eval(script: string, options: NodeRedisScript): Promise<unknown>;
}

/** The keys and arguments of a script, as node-redis takes them. */
export interface NodeRedisScript {
  readonly keys: string[];
  readonly arguments: string[];
}

/** The part of an ioredis client, or of its cluster client, that Latchkey uses. */
export interface IoredisClient {
  evalsha(sha: string, keyCount: number, ...keysAndValues: string[]): Promise<unknown>;
  eval(script: string, keyCount: number, ...keysAndValues: string[]): Promise<unknown>;
}

/** A client that `redis` takes: node-redis or ioredis, of one server or of a cluster. */
export type RedisClient = NodeRedisClient | IoredisClient;

/** A connection to Redis. The store only runs scripts, each in one round trip. */
export interface Connection {
  run(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>;
  /** Whether keys are on several servers, so that a script reaches only keys of one slot. */
  readonly isCluster: boolean;
  /** A connection to each server that holds keys: one, or every primary of a cluster. */
  primaries(): Promise<readonly Connection[]>;
}

interface ScriptCommands {
  bySha(sha: string, keys: string[], values: string[]): Promise<unknown>;
  byText(script: string, keys: string[], values: string[]): Promise<unknown>;
}

/** Makes a connection from a client; throws a TypeError for a client of another package. */
export function connect(client: RedisClient): Connection {
  const digests = new Map<string, Promise<string>>();
  const digestOf = (script: string): Promise<string> => {
    const digest = digests.get(script) ?? sha1(script);
    digests.set(script, digest);
    return digest;
  };
  return connection(client, digestOf);
}

function connection(client: unknown, digestOf: (script: string) => Promise<string>): Connection {
  const { bySha, byText } = scriptCommands(client);
  return {
    run: async (script, keys, values) => {
      const texts = values.map(String);
      try {
        return await bySha(await digestOf(script), [...keys], texts);
      } catch (error) {
        // A restarted or flushed server has no scripts. EVAL runs the script and also stores it.
        if (!isUnknownScript(error)) throw error;
        return byText(script, [...keys], texts);
      }
    },
    isCluster: isNodeRedisCluster(client) || typeof member(client, "nodes") === "function",
    primaries: async () => {
      const nodes = await primariesOf(client);
      return nodes.map((node) => connection(node, digestOf));
    },
  };
}

function scriptCommands(client: unknown): ScriptCommands {
  if (isNodeRedis(client)) {
    return {
      bySha: (sha, keys, values) => client.evalSha(sha, { keys, arguments: values }),
      byText: (script, keys, values) => client.eval(script, { keys, arguments: values }),
    };
  }
  if (!isIoredis(client)) {
    throw new TypeError(
      "redis: the client has neither `evalSha` nor `evalsha`; pass a client of node-redis or ioredis",
    );
  }
  return ioredisCommands(client);
}

function ioredisCommands(client: IoredisClient): ScriptCommands {
  if (hasKeyPrefix(client)) {
    throw new TypeError(
      "redis: the ioredis client has the option keyPrefix; remove it and pass the option `prefix` to `redis`",
    );
  }
  return {
    bySha: (sha, keys, values) => client.evalsha(sha, keys.length, ...keys, ...values),
    byText: (script, keys, values) => client.eval(script, keys.length, ...keys, ...values),
  };
}

async function primariesOf(client: unknown): Promise<readonly unknown[]> {
  if (isNodeRedisCluster(client)) {
    const { masters, nodeClient } = client;
    return Promise.all(masters.map((node): unknown => Reflect.apply(nodeClient, client, [node])));
  }
  const nodes = member(client, "nodes");
  if (typeof nodes !== "function") return [client];
  const found: unknown = Reflect.apply(nodes, client, ["master"]);
  return Array.isArray(found) ? found : [client];
}

interface NodeRedisCluster {
  readonly masters: readonly unknown[];
  readonly nodeClient: (node: unknown) => unknown;
}

function isNodeRedisCluster(client: unknown): client is NodeRedisCluster {
  return Array.isArray(member(client, "masters")) && typeof member(client, "nodeClient") === "function";
}

function isNodeRedis(client: unknown): client is NodeRedisClient {
  return typeof member(client, "evalSha") === "function" && typeof member(client, "eval") === "function";
}

function isIoredis(client: unknown): client is IoredisClient {
  return typeof member(client, "evalsha") === "function" && typeof member(client, "eval") === "function";
}

// Scripts build key names by themselves, and the client adds its keyPrefix only to the keys that it is passed.
function hasKeyPrefix(client: unknown): boolean {
  const prefix = member(member(client, "options"), "keyPrefix");
  return typeof prefix === "string" && prefix !== "";
}

function member(value: unknown, name: string): unknown {
  return (typeof value === "object" && value !== null) || typeof value === "function"
    ? Reflect.get(value, name)
    : undefined;
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}

// Redis names a script by its SHA-1. No security depends on it.
async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const PAGE = 500;

const SCAN = "return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])";

/** Calls `work` for each key of a pattern on every primary, page by page, and returns the sum of its results. */
export async function sumOverKeys(
  connection: Connection,
  pattern: string,
  work: (primary: Connection, key: string) => Promise<number>,
): Promise<number> {
  let sum = 0;
  for (const primary of await connection.primaries()) {
    let cursor = "0";
    do {
      const [next, keys] = list("a page of keys", await primary.run(SCAN, [], [cursor, pattern, PAGE]));
      const found = texts("a page of keys", keys);
      for (const result of await Promise.all(found.map((key) => work(primary, key)))) sum += result;
      cursor = String(next);
    } while (cursor !== "0");
  }
  return sum;
}
