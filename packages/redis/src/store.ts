import { checkMembers, type EpochSeconds, FLAG, type MembersOf, type Store } from "@latchkey/core/store";
import { connect, type RedisClient } from "./connection.ts";
import { redisKeys } from "./keys.ts";
import { namesUnder } from "./names.ts";
import { redisSessions } from "./sessions.ts";
import type { Settings } from "./settings.ts";
import { redisThrottle } from "./throttle.ts";
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
