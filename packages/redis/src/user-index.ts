import {
  endOfPrefix,
  indexKeysOf,
  type UserIndexEntry,
  type UserIndexKey,
  type UserRange,
} from "@latchkey/core/store";
import { DEADLINE, STALE } from "./claims.ts";
import { type Connection, sumOverKeys } from "./connection.ts";
import { list, texts } from "./fields.ts";
import type { Names } from "./settings.ts";

/** The first character of a member says of which text it is. After it come the text, NUL, a time, a colon and the id. */
const LETTERS: Readonly<Record<UserRange["by"], string>> = { id: "i", email: "e", username: "u" };

/** KEYS: the index. ARGV: id, then a letter with a text for each member. Returns the time and the members. */
const ADD = `
local clock = redis.call('TIME')
local members = {}
for i = 2, #ARGV do
  members[i - 1] = ARGV[i] .. string.format('\\0%d.%06d:', clock[1], clock[2]) .. ARGV[1]
  redis.call('ZADD', KEYS[1], 0, members[i - 1])
end
return { clock[1], members }`;

/** The same, without the texts that have a member of this id. */
const HELD_FUNCTION = `
local function held(text, id)
  local found = {}
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], '[' .. text .. '\\0', '(' .. text .. '\\1', 'BYLEX')) do
    if string.sub(member, -#id - 1) == ':' .. id then found[#found + 1] = member end
  end
  return found
end`;
const ADD_MISSING = `${HELD_FUNCTION}
local clock = redis.call('TIME')
for i = 2, #ARGV do
  if #held(ARGV[i], ARGV[1]) == 0 then
    redis.call('ZADD', KEYS[1], 0, ARGV[i] .. string.format('\\0%d.%06d:', clock[1], clock[2]) .. ARGV[1])
  end
end
return 1`;

/** KEYS: the index. ARGV: as for ADD. Returns the members of this id. */
const HELD = `${HELD_FUNCTION}
local members = {}
for i = 2, #ARGV do
  for _, member in ipairs(held(ARGV[i], ARGV[1])) do members[#members + 1] = member end
end
return members`;

/** KEYS: the index. ARGV: the ends of a range, and how many members. Returns the time and the members. */
const RANGE = `
local members = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'BYLEX', 'LIMIT', 0, ARGV[3])
return { redis.call('TIME')[1], members }`;

const REMOVE = "return redis.call('ZREM', KEYS[1], unpack(ARGV))";

/** KEYS: a user, or another key whose name looks like that of one. */
const IDENTIFIERS = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {} end
local found = redis.call('HMGET', KEYS[1], 'id', 'email', 'username')
for i = 1, 3 do found[i] = found[i] or '' end
return found`;

/** The members that were added, and the time of the server until which the row may be written. */
export interface Added {
  readonly members: readonly string[];
  readonly deadline: number;
}

/**
 * The index of all users, one sorted set in a slot of its own. A member is added before the row of its user is written, and removed after
 * the row is gone. The row decides: a member that no row confirms is skipped, and after a minute it is removed by the list that finds it.
 */
export interface UserIndex {
  add(id: string, keys: readonly UserIndexKey[]): Promise<Added>;
  /** Reads the current members of a user, to be removed after the row that confirms them is gone. */
  held(id: string, keys: readonly UserIndexKey[]): Promise<readonly string[]>;
  remove(members: readonly string[]): Promise<void>;
  next(range: UserRange, last: UserIndexEntry | null): Promise<readonly UserIndexEntry[]>;
  /** Adds the users that the index lacks, such as after a failover. Reads every user. */
  repair(): Promise<void>;
}

export function redisUserIndex(connection: Connection, names: Names): UserIndex {
  const run = (script: string, values: readonly (string | number)[]): Promise<unknown> =>
    connection.run(script, [names.userIndex], values);
  return {
    add: async (id, keys) => {
      const [now, members] = list("user index", await run(ADD, [id, ...keys.map(memberText)]));
      return { members: texts("user index", members), deadline: Number(now) + DEADLINE };
    },
    held: async (id, keys) => texts("user index", await run(HELD, [id, ...keys.map(memberText)])),
    remove: async (members) => {
      if (members.length > 0) await run(REMOVE, members);
    },
    next: async (range, last) => {
      const [now, members] = list("user index", await run(RANGE, [...endsOf(range, last), range.limit]));
      return texts("user index", members).map((member) => readMember(member, Number(now)));
    },
    repair: async () => {
      await sumOverKeys(connection, names.usersPattern, async (primary, key) => {
        const [id = "", email, username] = texts("user", await primary.run(IDENTIFIERS, [key], []));
        if (names.user(id) !== key) return 0;
        const user = { id, email: email || null, username: username || null };
        await run(ADD_MISSING, [id, ...indexKeysOf(user).map(memberText)]);
        return 0;
      });
    },
  };
}

function memberText({ by, key }: UserIndexKey): string {
  return `${LETTERS[by]}${key}`;
}

/** The ends of a range in the form of ZRANGE BYLEX. NUL is the lowest byte, so members are in the order of their texts. */
function endsOf({ by, prefix, after }: UserRange, last: UserIndexEntry | null): readonly string[] {
  const letter = LETTERS[by];
  const end = endOfPrefix(`${letter}${prefix}`) ?? "";
  if (last !== null) return [`(${last.mark}`, `(${end}`];
  return [after === null ? `[${letter}${prefix}` : `[${letter}${after}\u0001`, `(${end}`];
}

function readMember(member: string, now: number): UserIndexEntry {
  const end = member.indexOf("\u0000");
  const [, since, id] = /^(\d+)\.\d{6}:(.*)$/s.exec(member.slice(end + 1)) ?? [];
  if (end < 1 || since === undefined || id === undefined) {
    throw new Error("redis: the user index holds an invalid member");
  }
  return { key: member.slice(1, end), id, mark: member, isStale: Number(since) + STALE < now };
}
