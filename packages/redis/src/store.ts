import {
  checkMembers,
  type EpochSeconds,
  FLAG,
  type KeyStore,
  type MembersOf,
  type Store,
  type ThrottleStore,
} from "@latchkey/core/store";
import { type Connection, connect, type RedisClient } from "./connection.ts";
import { fieldsOf } from "./fields.ts";
import { redisSessions } from "./sessions.ts";
import { namesUnder, type Settings } from "./settings.ts";
import { redisTokens } from "./tokens.ts";
import { redisUsers } from "./users.ts";

export type { IoredisClient, NodeRedisClient, NodeRedisScript, RedisClient } from "./connection.ts";

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
 * included. Every operation on sessions is one script, in one round trip.
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
  const users = redisUsers(connection, settings);
  return {
    sessions: redisSessions(connection, settings, users),
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

/** Follows `decideThrottle` line by line. ARGV: limit, window. Returns 0 if the attempt is allowed, else the seconds to wait. */
const COUNT_ATTEMPT = `
local now = tonumber(ARGV[1]) or tonumber(redis.call('TIME')[1])
local limit, window = tonumber(ARGV[3]), tonumber(ARGV[4])
local row = redis.call('HMGET', KEYS[1], 'count', 'since')
local count, since = tonumber(row[1]), tonumber(row[2])
local age = since and now - since
if not age or age >= window or age < -window then count, since = 0, now
elseif count >= limit then return since + window - now end
redis.call('HSET', KEYS[1], 'count', count + 1, 'since', since)
if ARGV[2] == '1' then redis.call('EXPIREAT', KEYS[1], since + window) end
return 0`;

const RESET_ATTEMPTS = "return redis.call('DEL', KEYS[1])";

function redisThrottle(connection: Connection, { names, clock }: Settings): ThrottleStore {
  return {
    hit: async (key, { limit, window }, now) => {
      const reply = await connection.run(
        COUNT_ATTEMPT,
        [names.attempts(key)],
        [...clock(now), limit, window],
      );
      if (typeof reply !== "number")
        throw new Error("redis: the reply of the throttle script is not a number");
      return reply === 0 ? { allowed: true } : { allowed: false, retryAfter: reply };
    },

    reset: async (key) => {
      await connection.run(RESET_ATTEMPTS, [names.attempts(key)], []);
    },
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
