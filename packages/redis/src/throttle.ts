import type { ThrottleStore } from "@latchkey/core/store";
import type { Connection } from "./connection.ts";
import type { Settings } from "./settings.ts";

/** Follows `decideThrottle` line by line. ARGV: limit, window. Returns 0 if the attempt is allowed, else the seconds to wait. */
const HIT = `
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

const RESET = "return redis.call('DEL', KEYS[1])";

export function redisThrottle(connection: Connection, { names, clock }: Settings): ThrottleStore {
  return {
    hit: async (key, { limit, window }, now) => {
      const reply = await connection.run(HIT, [names.attempts(key)], [...clock(now), limit, window]);
      if (typeof reply !== "number")
        throw new Error("redis: the reply of the throttle script is not a number");
      return reply === 0 ? { allowed: true } : { allowed: false, retryAfter: reply };
    },

    reset: async (key) => {
      await connection.run(RESET, [names.attempts(key)], []);
    },
  };
}
