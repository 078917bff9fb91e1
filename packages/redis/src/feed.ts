import { type EpochSeconds, FEED_RETENTION, type FeedEntry, type SessionStore } from "@latchkey/core/store";
import type { Connection } from "./connection.ts";
import { list, texts } from "./fields.ts";
import type { Settings } from "./settings.ts";

/**
 * Adds an entry to the stream of the feed and deletes a few old ones. The stream expires with the last of them. `clocked`
 * says whether the server's clock decides, and keys get a time to live.
 */
export const APPEND_FUNCTION: string = `
local function append(feed, entry, clocked)
  local kind, id, at, till = unpack(entry)
  redis.call('XADD', feed, '*', 'kind', kind, 'id', id, 'at', at, 'until', till)
  for _, old in ipairs(redis.call('XRANGE', feed, '-', '+', 'COUNT', 4)) do
    if tonumber(old[2][8]) + ${FEED_RETENTION} > tonumber(at) then break end
    redis.call('XDEL', feed, old[1])
  end
  local lifetime = till - at + ${FEED_RETENTION}
  if clocked and redis.call('TTL', feed) < lifetime then redis.call('EXPIRE', feed, lifetime) end
end
`;

/** KEYS: feed. ARGV: the caller's time or empty, then kind, id, at and until of each entry. */
const APPEND = `${APPEND_FUNCTION}
for i = 2, #ARGV, 4 do append(KEYS[1], { ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3] }, ARGV[1] == '') end
return 1`;

const NOW = "local now = tonumber(ARGV[1]) or tonumber(redis.call('TIME')[1])";

/**
 * KEYS: feed. ARGV: the caller's time or empty, the id of the last entry that was read, 0 or empty, the size of a page; an id up
 * to which every entry had expired at a time, or empty, and this time. Returns entries, the id after which they follow, and the
 * time at which every entry up to it has expired, or nothing. An id that the stream does not have is that of another stream.
 */
const READ = `${NOW}
local after, most, expired = ARGV[2], ARGV[3], ARGV[4]
if after ~= '' and after ~= '0' and #redis.call('XRANGE', KEYS[1], after, after) == 0 then after = '' end
if after ~= '' then
  local start = after == '0' and '-' or '(' .. after
  return { redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', most), after }
end
local start, last = '-', '0'
if expired ~= '' and now >= tonumber(ARGV[5]) and #redis.call('XRANGE', KEYS[1], expired, expired) == 1 then
  start, last = '(' .. expired, expired
end
while true do
  local page = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', 200)
  for _, entry in ipairs(page) do
    if tonumber(entry[2][8]) > now then
      return { redis.call('XRANGE', KEYS[1], entry[1], '+', 'COUNT', most), last, now }
    end
    last = entry[1]
  end
  if #page < 200 then return { {}, last, now } end
  start = '(' .. last
end`;

/** KEYS: feed. ARGV: the caller's time or empty. Returns 1 if there may be more to delete. */
const PRUNE = `${NOW}
local page = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 200)
for _, entry in ipairs(page) do
  if tonumber(entry[2][8]) + ${FEED_RETENTION} > now then return 0 end
  redis.call('XDEL', KEYS[1], entry[1])
end
return #page == 200 and 1 or 0`;

/** How scripts on sessions reach the feed. */
export interface Feed {
  /** Runs a script that may write entries, on keys of one user. Returns its result without the entries. */
  write(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>;
  prune(now: EpochSeconds): Promise<void>;
  readonly endedSince: SessionStore["endedSince"];
}

/**
 * On one server the script on a session writes the entries too. In a cluster the stream is in another slot: the script returns
 * the entries, and a second script writes them.
 */
export function redisFeed(connection: Connection, { names, clock }: Settings): Feed {
  const key = names.feed;
  let inScript = !connection.isCluster;
  // Any client may read from the start, so this reads expired entries once.
  let expired = { id: "", at: 0 };
  const time = (now: EpochSeconds): string | number => clock(now)[0] ?? "";

  const append = async (reply: unknown, now: string | number): Promise<unknown> => {
    if (reply === null) return null;
    const [result, entries] = list("feed", reply);
    const values = list("feed", entries).flatMap((entry) => list("feed", entry).map(String));
    if (values.length === 0) return result;
    const add = (): Promise<unknown> => connection.run(APPEND, [key], [now, ...values]);
    // The session has ended, and a repetition of the operation would write no entry. An entry may be there twice.
    await add().catch(add);
    return result;
  };
  const write: Feed["write"] = async (script, keys, values) => {
    const [now = ""] = values;
    if (!inScript) return append(await connection.run(script, keys, values), now);
    try {
      return await append(await connection.run(script, [...keys, key], values), now);
    } catch (error) {
      // A client that knows one server may be connected to one of a cluster. It refuses keys of two slots before it runs a script.
      if (!isCrossSlot(error)) throw error;
      inScript = false;
      return write(script, keys, values);
    }
  };

  return {
    write,
    prune: async (now) => {
      while ((await connection.run(PRUNE, [key], [time(now)])) === 1);
    },
    endedSince: async (cursor, limit, now) => {
      const values = [time(now), idOf(cursor), limit + 1, expired.id, expired.at];
      const [found, after, at] = list("feed", await connection.run(READ, [key], values));
      if (typeof at === "number" && after !== "0") expired = { id: String(after), at };
      const page = list("feed", found).slice(0, limit).map(readEntry);
      return {
        entries: page.map(({ entry }) => entry),
        cursor: page[page.length - 1]?.id ?? String(after),
        more: list("feed", found).length > limit,
      };
    },
  };
}

/** The id of an entry in a cursor; 0 for the start of an empty feed, empty for any other text. */
function idOf(cursor: string | null): string {
  return cursor !== null && /^(0|\d{1,15}-\d{1,10})$/.test(cursor) ? cursor : "";
}

function readEntry(reply: unknown): { readonly id: string; readonly entry: FeedEntry } {
  const [id, fields] = list("feed", reply);
  const [kind, subject = "", at, until] = texts("feed", fields).filter((_, n) => n % 2 === 1);
  const times = { at: Number(at), until: Number(until) };
  return { id: String(id), entry: entryOf(kind, subject, times) };
}

function entryOf(
  kind: string | undefined,
  subject: string,
  times: Pick<FeedEntry, "at" | "until">,
): FeedEntry {
  if (kind === "user") return { kind, userId: subject, ...times };
  if (kind === "ended" || kind === "stale") return { kind, sessionId: subject, ...times };
  throw new Error("redis: the feed holds an invalid entry");
}

function isCrossSlot(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("CROSSSLOT");
}
