import { type RefreshingCache, refreshingCache } from "../keys/cache.ts";
import { type Env, endsWithRequest, now, withTimeout } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { FeedEntry, FeedPage } from "./ended-feed.ts";

/**
 * One entry of a list of ended sessions, under the key of its session or its user. `ended`: the session ended. `stale`: its
 * context changed. `user`: the sessions of a user ended, perhaps except some.
 */
export interface ListedEnd {
  readonly kind: "ended" | "stale" | "user";
  readonly key: string;
  readonly at: EpochSeconds;
  /** No access token of the session is live after that. */
  readonly until: EpochSeconds;
}

/** A part of the list, and the cursor from which the next part is read. `more` if there is one already. */
export interface EndedPage {
  readonly entries: readonly ListedEnd[];
  readonly cursor: string;
  readonly more: boolean;
}

/** Lists the entries of a store under the ids of their sessions and users. */
export function listedPage({ entries, cursor, more }: FeedPage): EndedPage {
  return { entries: entries.map(listedEnd), cursor, more };
}

function listedEnd(entry: FeedEntry): ListedEnd {
  const { kind, at, until } = entry;
  return { kind, key: entry.kind === "user" ? entry.userId : entry.sessionId, at, until };
}

/** A listed entry, and the age of the list at which it is deleted. */
interface KeptEnd extends Pick<ListedEnd, "kind" | "at"> {
  readonly dropAt: Seconds;
}

/** Entries of a list that are deleted together. */
interface EndedPart {
  readonly sessions: ReadonlyMap<string, KeptEnd>;
  readonly users: ReadonlyMap<string, KeptEnd>;
  /** The latest of its entries. */
  readonly dropAt: Seconds;
}

/** The ended sessions that a process knows. */
export interface EndedList {
  readonly cursor: string | null;
  /** From the largest to the smallest, each at least twice as large as the next. So a read copies few entries. */
  readonly parts: readonly EndedPart[];
  /** The sum of the times between the reads, in seconds. A clock that jumps adds at most one limited step to it. */
  readonly age: Seconds;
  readonly readAt: EpochSeconds;
}

/** Makes the list of a process that has read nothing yet. */
export function emptyList(at: EpochSeconds): EndedList {
  return { cursor: null, parts: [], age: 0, readAt: at };
}

/** Returns the list at `now`, without the parts whose access tokens have expired. `longest` bounds the time since the last read. */
export function ageList(list: EndedList, now: EpochSeconds, longest: Seconds): EndedList {
  const age = list.age + Math.min(Math.max(now - list.readAt, 0), longest);
  return { ...list, age, readAt: now, parts: list.parts.filter(({ dropAt }) => dropAt >= age) };
}

/** Adds entries to the list. Entries that are added twice change nothing. */
export function addEntries(list: EndedList, entries: readonly ListedEnd[], cursor: string): EndedList {
  if (entries.length === 0) return { ...list, cursor };
  const parts = [...list.parts, partOf(entries, list.age)];
  for (;;) {
    const [larger, smaller] = parts.slice(-2);
    if (larger === undefined || smaller === undefined || sizeOf(larger) >= 2 * sizeOf(smaller)) break;
    parts.splice(-2, 2, mergeParts(larger, smaller, list.age));
  }
  return { ...list, cursor, parts };
}

function partOf(entries: readonly ListedEnd[], age: Seconds): EndedPart {
  const sessions = new Map<string, KeptEnd>();
  const users = new Map<string, KeptEnd>();
  let latest = age;
  for (const { kind, key, at, until } of entries) {
    const dropAt = age + (until - at);
    latest = Math.max(latest, dropAt);
    addEnd(kind === "user" ? users : sessions, key, { kind, at, dropAt });
  }
  return { sessions, users, dropAt: latest };
}

function sizeOf({ sessions, users }: EndedPart): number {
  return sessions.size + users.size;
}

function mergeParts(larger: EndedPart, smaller: EndedPart, age: Seconds): EndedPart {
  return {
    sessions: mergeMaps(larger.sessions, smaller.sessions, age),
    users: mergeMaps(larger.users, smaller.users, age),
    dropAt: Math.max(larger.dropAt, smaller.dropAt),
  };
}

function mergeMaps(
  larger: EndedPart["sessions"],
  smaller: EndedPart["sessions"],
  age: Seconds,
): EndedPart["sessions"] {
  const merged = new Map<string, KeptEnd>();
  for (const [key, end] of [...larger, ...smaller]) if (end.dropAt >= age) addEnd(merged, key, end);
  return merged;
}

function addEnd(ends: Map<string, KeptEnd>, key: string, end: KeptEnd): void {
  const known = ends.get(key);
  ends.set(key, known === undefined ? end : mergeEnds(known, end));
}

function mergeEnds(one: KeptEnd, other: KeptEnd): KeptEnd {
  return {
    // The end of a session is final: a later change of its context does not replace it.
    kind: one.kind === "ended" ? "ended" : other.kind,
    at: Math.max(one.at, other.at),
    dropAt: Math.max(one.dropAt, other.dropAt),
  };
}

function findEnd(parts: readonly EndedPart[], of: "sessions" | "users", key: string): KeptEnd | undefined {
  let found: KeptEnd | undefined;
  for (const part of parts) {
    const end = part[of].get(key);
    if (end !== undefined) found = found === undefined ? end : mergeEnds(found, end);
  }
  return found;
}

/** An access token, as the list knows it: the keys of its session and its user, and its time of issue. */
export interface ListedToken {
  readonly session: string;
  readonly user: string;
  readonly issuedAt: EpochSeconds;
}

/**
 * The result of a look into the list. `stale`: the token is older than the context of its session. `maybe_stale`: it is if the clock
 * of its issuer was ahead. `user_ended`: sessions of the user ended after the token was issued, and only the store knows whether this
 * session is one of them.
 */
export type ListVerdict = "unlisted" | "ended" | "stale" | "maybe_stale" | "user_ended";

/** How far the clocks of the servers and of the store may differ. */
export const CLOCK_SKEW: Seconds = 60;

/** Decides about one access token. Pure. `skew` is how far the clocks of the servers may differ. */
export function judgeToken(
  { parts }: Pick<EndedList, "parts">,
  token: ListedToken,
  skew: Seconds,
): ListVerdict {
  const session = findEnd(parts, "sessions", token.session);
  if (session?.kind === "ended") return "ended";
  const user = findEnd(parts, "users", token.user);
  if (user !== undefined && token.issuedAt <= user.at + skew) return "user_ended";
  if (session === undefined || token.issuedAt > session.at + skew) return "unlisted";
  return token.issuedAt <= session.at ? "stale" : "maybe_stale";
}

/** How a process reads the list. */
export interface FeedOptions {
  readonly env: Env;
  /** How often the list is read, at most. */
  readonly pollEvery: Seconds;
  /** Whether tokens are refused while the list is more than three intervals behind. */
  readonly whenBehind: "accept" | "refuse";
  readonly read: (cursor: string | null) => Promise<EndedPage>;
  /** Called at most once per interval while the list is behind. */
  readonly onBehind: (seconds: Seconds) => void;
  /** Called if a read fails. */
  readonly onFailure: (error: unknown) => void;
}

/** Keeps work alive after its request, such as `waitUntil` of Cloudflare Workers. */
export type KeepAlive = (work: Promise<unknown>) => void;

/** The list of one process. It is read at most once per interval, when a request needs it. */
export interface EndedFeed {
  /**
   * Returns the list, and starts a read if one is due. `keepAlive` gets the read, for platforms that stop work with its
   * request. Fails with `store_unavailable` if the list is behind and `whenBehind` is `refuse`.
   */
  current(keepAlive: KeepAlive | null): Promise<EndedList>;
  /** Returns the list if no read is due at `at`, which is now, and no request waits for one; otherwise null. */
  known(at: EpochSeconds): EndedList | null;
}

/** From this many intervals on, the list is behind. */
const INTERVALS_BEHIND = 3;
/** After an interval and this time without a read, the process had no requests, so the list may lack more than one interval. */
const IDLE_AFTER: Seconds = 1;
/** How long the first request of a process, or of one that was idle, waits for its read. */
const LONGEST_WAIT: Seconds = 1;
/** A longer list is read in several polls. */
const MOST_PAGES = 1_000;

/** Makes the list of a process. A request waits for a read only if it is the first of the process, or after an idle time. */
export function endedFeed(options: FeedOptions): EndedFeed {
  const { env, pollEvery, whenBehind, onFailure } = options;
  const cache: RefreshingCache<EndedList> = refreshingCache({
    env,
    pauses: { loaded: 0, missed: pollEvery, empty: pollEvery },
    load: () => readList(knownList(cache, options), options),
  });
  const isOlder = (age: Seconds): boolean => cache.fresh(age) === null;
  const longest = INTERVALS_BEHIND * pollEvery;
  const report = reporter(options);
  // Pending while requests of this process wait for a read.
  let wait: Promise<void> | null = null;
  const followsIdleTime = idleFinder(options);
  const startDue = (keepAlive: KeepAlive | null): Promise<void> | null => {
    if (!isOlder(pollEvery) || cache.isPaused() || cache.isLoading()) return null;
    const isBehind = isOlder(longest);
    // A busy process reads in the background, even if reads fail for a long time.
    const waits = followsIdleTime() || (isBehind && whenBehind === "refuse");
    return startRead(cache, { keepAlive, isBehind, waits, onFailure });
  };
  return {
    async current(keepAlive) {
      const own = startDue(keepAlive);
      // A request of another context must not wait for this one.
      if (own !== null && !endsWithRequest()) {
        const waiting = own.then(() => {
          if (wait === waiting) wait = null;
        });
        wait = waiting;
      }
      await (own ?? wait);
      const list = knownList(cache, options);
      if (isOlder(longest)) report(list);
      return list;
    },
    known: (at) => (wait === null ? cache.fresh(pollEvery, at) : null),
  };
}

/** Returns the list as it was read last. */
function knownList(cache: RefreshingCache<EndedList>, { env }: FeedOptions): EndedList {
  return cache.findKnown(Number.POSITIVE_INFINITY, (list) => list) ?? emptyList(now(env));
}

interface ReadStart extends Pick<FeedOptions, "onFailure"> {
  readonly keepAlive: KeepAlive | null;
  readonly isBehind: boolean;
  readonly waits: boolean;
}

/** Starts a read. Returns the time to wait for it, or null. */
function startRead(
  cache: RefreshingCache<EndedList>,
  { keepAlive, isBehind, waits, onFailure }: ReadStart,
): Promise<void> | null {
  // Where loads are not shared, the pause keeps other requests from the same read.
  if (endsWithRequest() && !isBehind) cache.pause();
  const read = cache.load().then(ignore, onFailure);
  keepAlive?.(read);
  // Without `keepAlive`, such a platform would stop the read with its request.
  const mustWait = waits || (endsWithRequest() && keepAlive === null);
  return mustWait ? withTimeout(read, LONGEST_WAIT, () => new Error("late")).catch(ignore) : null;
}

function ignore(): void {
  // A read that is late does not fail the request.
}

/** Makes the function that reports a list that is behind, at most once per interval, and refuses it if that is asked. */
function reporter({ env, pollEvery, whenBehind, onBehind }: FeedOptions): (list: EndedList) => void {
  const start = now(env);
  const isReported = oncePer(pollEvery);
  return ({ cursor, readAt }) => {
    const at = now(env);
    if (!isReported(at)) onBehind(Math.max(at - (cursor === null ? start : readAt), 0));
    if (whenBehind === "accept") return;
    throw new AuthError("store_unavailable", "The list of ended sessions is out of date. Try again.");
  };
}

/** Makes a function that is false at most once per interval. */
function oncePer(interval: Seconds): (at: EpochSeconds) => boolean {
  let last: EpochSeconds | null = null;
  return (at) => {
    if (last !== null && Math.abs(at - last) < interval) return true;
    last = at;
    return false;
  };
}

/** Makes a function that is called at each read, and tells whether the read follows an idle time, or is the first. */
function idleFinder({ env, pollEvery }: Pick<FeedOptions, "env" | "pollEvery">): () => boolean {
  const isAfterGap = gapFinder(pollEvery + IDLE_AFTER);
  return () => isAfterGap(now(env));
}

/** Makes a function that is true for the first time, and for one more than `gap` after the time before it. */
function gapFinder(gap: Seconds): (at: EpochSeconds) => boolean {
  let last: EpochSeconds | null = null;
  return (at) => {
    const isAfterGap = last === null || at - last > gap;
    last = at;
    return isAfterGap;
  };
}

async function readList(
  list: EndedList,
  { env, pollEvery, read }: Pick<FeedOptions, "env" | "pollEvery" | "read">,
): Promise<EndedList> {
  const aged = ageList(list, now(env), INTERVALS_BEHIND * pollEvery);
  const entries: ListedEnd[] = [];
  let cursor = list.cursor;
  for (let count = 0; count < MOST_PAGES; count++) {
    const page = await read(cursor);
    entries.push(...page.entries);
    cursor = page.cursor;
    if (!page.more) break;
  }
  return addEntries(aged, entries, cursor ?? "");
}
