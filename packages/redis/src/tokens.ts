import { type EpochSeconds, isJsonObject, type OneTimeToken, type TokenStore } from "@latchkey/core/store";
import { type Connection, sumOverKeys } from "./connection.ts";
import { fieldsOf, flat, texts } from "./fields.ts";
import type { Names, Settings } from "./settings.ts";
import { redisSlots } from "./slots.ts";

// ARGV[1] is the caller's time, or empty if the server's clock decides; ARGV[2] is 1 if keys get a time to live.
const NOW = "local now = tonumber(ARGV[1]) or tonumber(redis.call('TIME')[1])\n";

/** ARGV: expiry, fields and values. */
const PUT = `
if redis.call('EXISTS', KEYS[1]) == 1 then return redis.error_reply('LATCHKEY a token of this digest exists') end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
if ARGV[2] == '1' then redis.call('EXPIREAT', KEYS[1], ARGV[3]) end
return 1`;

/** KEYS: the user's tokens of a purpose. ARGV: expiry, digest. */
const ADD_TO_LIST = `${NOW}
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
if ARGV[2] == '1' then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  if last then redis.call('EXPIREAT', KEYS[1], last) end
end
return 1`;

/** ARGV: purpose. */
const REDEEM = `${NOW}
local found = redis.call('HMGET', KEYS[1], 'purpose', 'expires_at')
if found[1] ~= ARGV[3] then return {} end
local token = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
return now < tonumber(found[2]) and token or {}`;

/** ARGV: expiry, purpose. The mark has no field `purpose`, so REDEEM never returns it. */
const SPEND = `${NOW}
local at = tonumber(redis.call('HGET', KEYS[1], 'expires_at'))
if (at and now < at) or tonumber(ARGV[3]) <= now then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'spent', ARGV[4], 'expires_at', ARGV[3])
if ARGV[2] == '1' then redis.call('EXPIREAT', KEYS[1], ARGV[3]) end
return 1`;

const LIST = "return redis.call('ZRANGE', KEYS[1], 0, -1)";
const DELETE = "return redis.call('DEL', KEYS[1])";
const REMOVE_FROM_LIST = "return redis.call('ZREM', KEYS[1], unpack(ARGV))";

const DELETE_EXPIRED = `${NOW}
local at = redis.call('HGET', KEYS[1], 'expires_at')
if not at or now < tonumber(at) then return 0 end
return redis.call('DEL', KEYS[1])`;

export function redisTokens(connection: Connection, settings: Settings): TokenStore {
  const { names, clock } = settings;
  return {
    put: (token) => put(connection, settings, token),

    redeem: async (hash, purpose, now) =>
      tokenOf(await connection.run(REDEEM, [names.token(hash)], [...clock(now), purpose])),

    spend: async (hash, purpose, expiresAt, now) =>
      (await connection.run(SPEND, [names.token(hash)], [...clock(now), expiresAt, purpose])) === 1,

    revoke: async (userId, purpose) => revokeList(connection, names, names.userTokens(userId, purpose)),

    ...redisSlots(connection, settings),

    prune: (now) => prune(connection, settings, now),
  };
}

async function put(connection: Connection, { names, clock }: Settings, token: OneTimeToken): Promise<void> {
  const { hash, purpose, userId, expiresAt } = token;
  const timing = [...clock(expiresAt), expiresAt];
  await connection.run(PUT, [names.token(hash)], [...timing, ...flat(tokenValues(token))]);
  // The list comes second: if this fails, `put` fails, and no client has received the token.
  if (userId === null) return;
  await connection.run(ADD_TO_LIST, [names.userTokens(userId, purpose)], [...timing, hash]);
}

async function revokeList(connection: Connection, names: Names, key: string): Promise<void> {
  const hashes = texts("tokens", await connection.run(LIST, [key], []));
  if (hashes.length === 0) return;
  await Promise.all(hashes.map((hash) => connection.run(DELETE, [names.token(hash)], [])));
  // The list is emptied last, so an interrupted call can be repeated.
  await connection.run(REMOVE_FROM_LIST, [key], hashes);
}

async function prune(
  connection: Connection,
  { names, clock, expiring }: Settings,
  now: EpochSeconds,
): Promise<number> {
  if (expiring) return 0;
  const deleteExpired = async (at: Connection, key: string): Promise<number> =>
    Number(await at.run(DELETE_EXPIRED, [key], clock(now)));
  const tokens = await sumOverKeys(connection, names.tokensPattern, deleteExpired);
  return tokens + (await sumOverKeys(connection, names.slotsPattern, deleteExpired));
}

function tokenValues({
  hash,
  purpose,
  userId,
  data,
  expiresAt,
}: OneTimeToken): Record<string, string | number | null> {
  return { hash, purpose, user_id: userId, data: JSON.stringify(data), expires_at: expiresAt };
}

function tokenOf(reply: unknown): OneTimeToken | null {
  const read = fieldsOf("token", reply);
  if (read === null) return null;
  return {
    hash: read.text("hash"),
    purpose: read.text("purpose"),
    userId: read.textOrNull("user_id"),
    data: read.json("data", isJsonObject),
    expiresAt: read.integer("expires_at"),
  };
}
