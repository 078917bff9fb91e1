import {
  checkMembers,
  type EpochSeconds,
  FLAG,
  hitEach,
  type KeyStore,
  type MembersOf,
  type Seconds,
  type Store,
  type ThrottleAttempt,
  type ThrottleStore,
  throttleVerdict,
} from "@latchkey/core/store";
import { type Connection, connect, type RedisClient } from "./connection.ts";
import { fieldsOf, numbers } from "./fields.ts";
import { redisSessions } from "./sessions.ts";
import { namesUnder, type Settings } from "./settings.ts";
import { redisTokens } from "./tokens.ts";
import { redisUserIndex } from "./user-index.ts";
import { redisUsers } from "./users.ts";

export type { IoredisClient, NodeRedisClient, NodeRedisScript, RedisClient } from "./connection.ts";

/** What `redis` takes besides the client. */
export interface RedisOptions {
  /** The first part of every key. Default `latchkey:`. */
  readonly prefix?: string;
  /** Keeps ended and expired sessions until `prune`, for `sessions.keepEnded`. Default false: Redis deletes them. */
  readonly keepEnded?: boolean;
  /**
   * The clock for all decisions. Default `server`, one clock for all processes. `caller` is for tests that set the
   * clock; no key gets a time to live then.
   */
  readonly clock?: "server" | "caller";
}

const OPTIONS: MembersOf<RedisOptions> = {
  prefix: null,
  keepEnded: FLAG,
  clock: ["server", "caller"],
};

/**
 * Makes a store in Redis 6.2 or newer, or in Valkey, from a connected client of node-redis or ioredis, cluster clients
 * included. Every operation on sessions is one script, in one round trip. An attempt is one script too, but in a cluster it
 * is one for each of its keys, at the same time.
 *
 * It does not check the persistence and the eviction of the server; the README says how to configure them.
 * Throws a `TypeError` for a wrong option, and for an argument that is no client.
 *
 * @example
 * const store = redis(await createClient({ url }).connect());
 */
export function redis(client: RedisClient, options: RedisOptions = {}): Store {
  checkMembers("redis", options, OPTIONS);
  const connection = connect(client);
  const settings = settingsOf(options);
  const index = redisUserIndex(connection, settings.names);
  const users = redisUsers(connection, settings, index);
  return {
    sessions: redisSessions(connection, settings, { users, index }),
    users,
    keys: redisKeys(connection, settings),
    tokens: redisTokens(connection, settings),
    throttle: redisThrottle(connection, settings),
  };
}

function settingsOf({ prefix = "latchkey:", keepEnded = false, clock = "server" }: RedisOptions): Settings {
  const expiring = clock === "server";
  const timing = (expires: boolean) => (now: EpochSeconds) => [expiring ? "" : now, expires ? 1 : 0];
  return {
    names: namesUnder(prefix),
    expiring,
    clock: timing(expiring),
    sessionClock: timing(expiring && !keepEnded),
  };
}

/**
 * Follows `decideThrottle` line by line. ARGV after the clock: limit and window of each key. Returns the seconds that each
 * key makes the attempt wait, and counts it if all are 0.
 */
const COUNT_ATTEMPT = `
local now = tonumber(ARGV[1]) or tonumber(redis.call('TIME')[1])
local waits, rows, refused = {}, {}, false
for n, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * n + 1]), tonumber(ARGV[2 * n + 2])
  local row = redis.call('HMGET', key, 'count', 'since')
  local count, since = tonumber(row[1]), tonumber(row[2])
  local age = since and now - since
  waits[n] = 0
  if not age or age >= window or age < -window then count, since = 0, now
  elseif count >= limit then waits[n], refused = since + window - now, true end
  rows[n] = { count + 1, since, since + window }
end
if refused then return waits end
for n, key in ipairs(KEYS) do
  redis.call('HSET', key, 'count', rows[n][1], 'since', rows[n][2])
  if ARGV[2] == '1' then redis.call('EXPIREAT', key, rows[n][3]) end
end
return waits`;

const RELEASE_ATTEMPT = `
for _, key in ipairs(KEYS) do
  local count = tonumber(redis.call('HGET', key, 'count')) or 0
  if count > 1 then redis.call('HINCRBY', key, 'count', -1) else redis.call('DEL', key) end
end`;

/** One script for all keys. In a cluster the keys are on several servers: a script for each, and given back after a refusal. */
function redisThrottle(connection: Connection, { names, clock }: Settings): ThrottleStore {
  const count = async (
    attempts: readonly ThrottleAttempt[],
    now: EpochSeconds,
  ): Promise<readonly Seconds[]> => {
    const keys = attempts.map(({ key }) => names.attempts(key));
    const rules = attempts.flatMap(({ rule: { limit, window } }) => [limit, window]);
    return numbers("attempts", await connection.run(COUNT_ATTEMPT, keys, [...clock(now), ...rules]));
  };
  const giveBack = async (keys: readonly string[]): Promise<void> => {
    await connection.run(RELEASE_ATTEMPT, keys.map(names.attempts), []);
  };
  if (!connection.isCluster) {
    return {
      hit: async (attempts, now) => throttleVerdict(await count(attempts, now)),
      release: giveBack,
    };
  }
  const release = async (keys: readonly string[]): Promise<void> => {
    await Promise.all(keys.map((key) => giveBack([key])));
  };
  return {
    hit: (attempts, now) =>
      hitEach(attempts, async (attempt) => Math.max(...(await count([attempt], now))), release),
    release,
  };
}

const LOAD_KEYS = "return redis.call('HGETALL', KEYS[1])";

/** ARGV: version, document. */
const SAVE_KEYS = `
local version = tonumber(redis.call('HGET', KEYS[1], 'version')) or 0
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', version + 1, 'document', ARGV[2])
return 1`;

function redisKeys(connection: Connection, { names }: Settings): KeyStore {
  return {
    load: async () => {
      const read = fieldsOf("keys", await connection.run(LOAD_KEYS, [names.keyRing], []));
      return read === null ? null : { version: read.integer("version"), document: read.text("document") };
    },
    save: async (ifVersion, document) =>
      (await connection.run(SAVE_KEYS, [names.keyRing], [ifVersion, document])) === 1,
  };
}
