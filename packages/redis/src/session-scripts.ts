import { MOST_ENDED_ENTRIES } from "@latchkey/core/store";
import { APPEND_FUNCTION } from "./feed.ts";

// Every rule here is a line of `decide`; tests compare the two on random traces.
//
// KEYS[1] begins with the prefix and the user's tag in braces. Scripts build the other keys of the user from that part,
// so all keys are in one slot. ARGV[1] is the caller's time, or empty if the server's clock decides; ARGV[2] is 1 if keys
// get a time to live.
//
// A script that may end sessions returns its result and the entries for the feed. If the last key is that of the feed, it
// writes the entries itself.

const FUNCTIONS = `${APPEND_FUNCTION}
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or tonumber(clock[1])
local expiring = ARGV[2] == '1'
local base = string.match(KEYS[1], '^.-{[^}]*}:')

local function row_key(id) return base .. 'session:' .. id end
local function index_key(row) return base .. 'sessions:' .. row.user_id end

-- A session that is not in the index of its user does not exist: no list shows it, so its user could not end it.
local function read_session(id)
  local flat = redis.call('HGETALL', row_key(id))
  local row = {}
  for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
  if not row.user_id or not redis.call('ZSCORE', index_key(row), id) then return nil end
  return row, flat
end

local function earlier(a, b)
  if a and b then return math.min(a, b) end
  return a or b
end

local function expires_at(row) return earlier(tonumber(row.expires_at), tonumber(row.absolute_expires_at)) end

local function is_live(row)
  local at = expires_at(row)
  return not row.ended_at and not (at and now >= at)
end

-- The time when the last access token of the session has expired too; nil for never.
local function deletable_at(row)
  local ended = tonumber(row.ended_at) or expires_at(row)
  return ended and ended + tonumber(row.access_lifetime)
end

-- The index expires with the last of its sessions.
local function update_index_expiry(index)
  local last = redis.call('ZREVRANGE', index, 0, 0, 'WITHSCORES')[2]
  if last == 'inf' then redis.call('PERSIST', index)
  elseif last then redis.call('EXPIREAT', index, last) end
end

local function update_expiry(row)
  local at = expiring and deletable_at(row)
  redis.call('ZADD', index_key(row), at or '+inf', row.id)
  if at then redis.call('EXPIREAT', row_key(row.id), at) else redis.call('PERSIST', row_key(row.id)) end
  update_index_expiry(index_key(row))
end

local function write(row, changes)
  local set, cleared = {}, {}
  for field, value in pairs(changes) do
    if value == false then
      cleared[#cleared + 1] = field
    else
      set[#set + 1] = field
      set[#set + 1] = value
    end
    row[field] = value or nil
  end
  if #set > 0 then redis.call('HSET', row_key(row.id), unpack(set)) end
  if #cleared > 0 then redis.call('HDEL', row_key(row.id), unpack(cleared)) end
end

local entries = {}
local function add_entry(kind, id, lifetime) entries[#entries + 1] = { kind, id, now, now + lifetime } end

local function with_entries(result)
  local feed = KEYS[#KEYS]
  if string.sub(feed, 1, #base) == base then return { result, entries } end
  for _, entry in ipairs(entries) do append(feed, entry, ARGV[1] == '') end
  return { result, {} }
end

local function end_session(row, reason)
  add_entry('ended', row.id, tonumber(row.access_lifetime))
  write(row, { ended_at = now, end_reason = reason })
  update_expiry(row)
  return { row.id, row.user_id, reason }
end

local function answer(id) return { now, redis.call('HGETALL', row_key(id)) } end
local function refusal(id) return { now, redis.call('HGETALL', row_key(id)), 1 } end
`;

/** ARGV: id, family hash, secret hash, generation, lease, transport or empty, next. */
export const ROTATE: string = `${FUNCTIONS}
local row = read_session(ARGV[3])
local secret, presented, lease = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
if not row then return false end
local generation = tonumber(row.generation)
local other_transport = ARGV[8] ~= '' and ARGV[8] ~= row.transport
if row.family_hash ~= ARGV[4] or not is_live(row) or other_transport or presented > generation then return with_entries(refusal(row.id)) end

local issued = tonumber(row.child_issued_at)
local age = issued and now - issued
local leased = row.child_hash and age and age < lease and age >= -lease
local is_child = row.child_hash == secret and presented == generation
local is_root = row.root_hash == secret and presented == tonumber(row.root_generation)
if not is_child and not is_root then
  end_session(row, 'reuse')
elseif not leased then
  local absolute, idle = tonumber(row.absolute_expires_at), tonumber(row.idle_lifetime)
  local changes = {
    child_hash = ARGV[9], child_issued_at = now, replaced_at = issued or false,
    generation = generation + 1, refreshed_at = now,
    expires_at = earlier(idle and now + idle, absolute) or false
  }
  if is_child then changes.root_hash, changes.root_generation = row.child_hash, generation end
  write(row, changes)
  update_expiry(row)
end
return with_entries(answer(row.id))`;

/** ARGV: id. */
export const GET: string = `${FUNCTIONS}
local _, flat = read_session(ARGV[3])
return flat and { now, flat }`;

/** KEYS: row, sessions of the user, user. ARGV: id, user, version, limit, the number of replaced sessions, their ids, fields and values. */
export const CREATE: string = `${FUNCTIONS}
if redis.call('EXISTS', KEYS[1]) == 1 then return redis.error_reply('LATCHKEY a session of this id exists') end
if ARGV[5] ~= '' then
  local user = redis.call('HMGET', KEYS[3], 'credentials_version', 'disabled_at')
  if user[1] ~= ARGV[5] or user[2] then return false end
end
if expiring then redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now) end

local ended = {}
local first = 8 + tonumber(ARGV[7])
for i = 8, first - 1 do
  local row = read_session(ARGV[i])
  if row and is_live(row) then ended[#ended + 1] = end_session(row, 'replaced') end
end

local limit = tonumber(ARGV[6])
if limit then
  local rows = {}
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    local row = read_session(id)
    if row and is_live(row) then rows[#rows + 1] = row end
  end
  table.sort(rows, function(a, b)
    local x, y = tonumber(a.created_at), tonumber(b.created_at)
    if x ~= y then return x > y end
    return tonumber(a.inserted) > tonumber(b.inserted)
  end)
  for i = math.max(limit, 1), #rows do ended[#ended + 1] = end_session(rows[i], 'limit') end
end

local row = { inserted = string.format('%d%06d', clock[1], clock[2]) }
for i = first, #ARGV, 2 do row[ARGV[i]] = ARGV[i + 1] end
write(row, row)
update_expiry(row)
return with_entries(ended)`;

/** ARGV: id, generation, lease. */
export const CONFIRM: string = `${FUNCTIONS}
local row = read_session(ARGV[3])
if not row or not is_live(row) or not row.child_hash then return 0 end
local issued = tonumber(row.child_issued_at)
if tonumber(row.generation) ~= tonumber(ARGV[4]) or not issued or now - issued < tonumber(ARGV[5]) then return 0 end
write(row, {
  root_hash = row.child_hash, root_generation = row.generation, child_hash = false, child_issued_at = false
})
return 1`;

/** KEYS: sessions of the user. */
export const LIST: string = `${FUNCTIONS}
local rows = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local row, flat = read_session(id)
  if row and is_live(row) then rows[#rows + 1] = flat end
end
return rows`;

/** ARGV: id, context or empty, device or empty, 1 if a new context makes access tokens stale. */
export const UPDATE: string = `${FUNCTIONS}
local row = read_session(ARGV[3])
if not row or row.ended_at then return false end
local changes = {}
if ARGV[4] ~= '' then changes.context = ARGV[4] end
if ARGV[4] ~= '' and ARGV[6] == '1' then add_entry('stale', row.id, tonumber(row.access_lifetime)) end
if ARGV[5] ~= '' then changes.device = ARGV[5] end
write(row, changes)
return with_entries(redis.call('HGETALL', KEYS[1]))`;

/** ARGV: id, reason, family hash or empty. */
export const END: string = `${FUNCTIONS}
local row = read_session(ARGV[3])
if not row or row.ended_at then return false end
if ARGV[5] ~= '' and ARGV[5] ~= row.family_hash then return false end
return with_entries(end_session(row, ARGV[4]))`;

/** ARGV: id. */
export const END_REPLACED: string = `${FUNCTIONS}
local row = read_session(ARGV[3])
return row and is_live(row) and with_entries(end_session(row, 'replaced'))`;

/** KEYS: sessions of the user. ARGV: reason, id of the session that stays or empty. */
export const END_ALL: string = `${FUNCTIONS}
local ended, longest = {}, 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local row = id ~= ARGV[4] and read_session(id)
  if row and not row.ended_at then
    ended[#ended + 1] = end_session(row, ARGV[3])
    longest = math.max(longest, tonumber(row.access_lifetime))
  end
end
if #entries > ${MOST_ENDED_ENTRIES} then
  entries = {}
  add_entry('user', ended[1][2], longest)
end
return with_entries(ended)`;

/** KEYS: sessions of the user. Ended sessions lose their time to live. */
export const MARK_EXPIRED: string = `${FUNCTIONS}
local marked = 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local row = read_session(id)
  if row and not row.ended_at and not is_live(row) then
    write(row, { ended_at = now, end_reason = 'expired' })
    marked = marked + 1
  end
  if row and row.ended_at then
    redis.call('ZADD', KEYS[1], '+inf', id)
    redis.call('PERSIST', row_key(id))
  end
end
update_index_expiry(KEYS[1])
return marked`;

/** KEYS: sessions of the user. */
export const DELETE_ENDED: string = `${FUNCTIONS}
local deleted = 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local row = read_session(id)
  local at = row and deletable_at(row)
  if at and now >= at then
    redis.call('DEL', row_key(id))
    deleted = deleted + 1
  end
  if not row or (at and now >= at) then redis.call('ZREM', KEYS[1], id) end
end
update_index_expiry(KEYS[1])
return deleted`;
