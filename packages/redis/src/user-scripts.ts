// KEYS: the user, the links of the user, and the tokens stored with the links.

/** ARGV: deadline or empty, fields and values. */
export const INSERT = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if ARGV[1] ~= '' and tonumber(redis.call('TIME')[1]) > tonumber(ARGV[1]) then return -1 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return 1`;

export const GET = "return redis.call('HGETALL', KEYS[1])";

/** ARGV: version or empty, its increment, the number of fields to clear, these fields, fields and values. */
export const UPDATE = `
local version = redis.call('HGET', KEYS[1], 'credentials_version')
if not version or (ARGV[1] ~= '' and ARGV[1] ~= version) then return {} end
if ARGV[2] ~= '0' then redis.call('HINCRBY', KEYS[1], 'credentials_version', ARGV[2]) end
local first = 4 + tonumber(ARGV[3])
if first > 4 then redis.call('HDEL', KEYS[1], unpack(ARGV, 4, first - 1)) end
if #ARGV >= first then redis.call('HSET', KEYS[1], unpack(ARGV, first)) end
return redis.call('HGETALL', KEYS[1])`;

/** ARGV: deadline or empty, version, e-mail address, 1 if it is verified. */
export const CHANGE_EMAIL = `
if redis.call('HGET', KEYS[1], 'credentials_version') ~= ARGV[2] then return {} end
if ARGV[1] ~= '' and tonumber(redis.call('TIME')[1]) > tonumber(ARGV[1]) then
  return redis.error_reply('LATCHKEY the address was not changed: the write came too late after its claim; repeat the call')
end
redis.call('HSET', KEYS[1], 'email', ARGV[3], 'email_verified', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'credentials_version', 1)
return redis.call('HGETALL', KEYS[1])`;

export const DELETE = `
redis.call('DEL', KEYS[2], KEYS[3])
return redis.call('DEL', KEYS[1])`;

/** ARGV: link, deadline. */
export const LINK = `
local clock = redis.call('TIME')
if redis.call('EXISTS', KEYS[1]) == 0 or tonumber(clock[1]) > tonumber(ARGV[2]) then return 0 end
local added = redis.call('ZADD', KEYS[2], 'NX', string.format('%d%06d', clock[1], clock[2]), ARGV[1])
if added == 1 then redis.call('HDEL', KEYS[3], ARGV[1]) end
return added`;

/** ARGV: link. */
export const UNLINK = `
redis.call('HDEL', KEYS[3], ARGV[1])
return redis.call('ZREM', KEYS[2], ARGV[1])`;

/** ARGV: link. Returns the user if the user has the link. */
export const LINKED = `
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return {} end
return redis.call('HGETALL', KEYS[1])`;

/** ARGV: link, tokens or nothing. Returns whether the user has the link. */
export const KEEP_TOKENS = `
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
if ARGV[2] then redis.call('HSET', KEYS[3], ARGV[1], ARGV[2]) else redis.call('HDEL', KEYS[3], ARGV[1]) end
return 1`;

/** ARGV: link. */
export const KEPT_TOKENS = `
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return false end
return redis.call('HGET', KEYS[3], ARGV[1])`;

export const LINKS = "return redis.call('ZRANGE', KEYS[2], 0, -1)";
