import { toBase64url } from "../platform/encoding.ts";
import { platformEnv } from "../platform/env.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import { FEED_RETENTION, type FeedEntry, MOST_ENDED_ENTRIES } from "../sessions/ended-feed.ts";
import type { SessionRow } from "../sessions/session.ts";
import type { SessionStore } from "../sessions/session-store.ts";

/** The feed of ended sessions, in the order of the writes. */
export interface MemoryFeed {
  /** Writes the entry of a session. */
  add(kind: "ended" | "stale", row: SessionRow, at: EpochSeconds): void;
  /** Writes the entries of the sessions of a user that end together. */
  addAll(rows: readonly SessionRow[], at: EpochSeconds): void;
  /** Deletes old entries, from the oldest on. */
  prune(now: EpochSeconds): void;
  readonly endedSince: SessionStore["endedSince"];
}

const PRUNED_BY_WRITE = 2;

export function memoryFeed(): MemoryFeed {
  const id = feedId();
  const entries = new Map<number, FeedEntry>();
  let last = 0;

  const prune = (now: EpochSeconds, most: number = Infinity): void => {
    let left = most;
    for (const [place, { until }] of entries) {
      if (left-- === 0 || until + FEED_RETENTION > now) return;
      entries.delete(place);
    }
  };
  const append = (entry: FeedEntry): void => {
    prune(entry.at, PRUNED_BY_WRITE);
    entries.set(++last, Object.freeze(entry));
  };
  const add: MemoryFeed["add"] = (kind, { id: sessionId, accessLifetime }, at) =>
    append({ kind, sessionId, at, until: at + accessLifetime });

  return {
    add,
    addAll: (rows, at) => {
      const [first] = rows;
      if (first === undefined) return;
      if (rows.length > MOST_ENDED_ENTRIES)
        append({ kind: "user", userId: first.userId, at, until: at + longestLifetime(rows) });
      else for (const row of rows) add("ended", row, at);
    },
    prune,
    endedSince: async (cursor, limit, now) => {
      const start = placeOf(cursor, id(), last) ?? placeBefore(entries, now) ?? last;
      const page = entriesAfter(entries, start, limit);
      const end = page[page.length - 1]?.place ?? start;
      return { entries: page.map(({ entry }) => entry), cursor: `${id()}.${end}`, more: end < last };
    },
  };
}

/** The id of a feed, so that no cursor of another feed is a place in it. Drawn at first use: Workers start without randomness. */
function feedId(): () => string {
  let id: string | null = null;
  return () => {
    id ??= toBase64url(platformEnv.random(12));
    return id;
  };
}

interface PlacedEntry {
  readonly place: number;
  readonly entry: FeedEntry;
}

/** The place in a cursor of this feed; null for any other text. */
function placeOf(cursor: string | null, id: string, last: number): number | null {
  const [, of, digits] = /^(.{16})\.(\d{1,15})$/.exec(cursor ?? "") ?? [];
  return of === id && Number(digits) <= last ? Number(digits) : null;
}

/** The place before the oldest entry of which an access token may be live. */
function placeBefore(entries: ReadonlyMap<number, FeedEntry>, now: EpochSeconds): number | null {
  for (const [place, { until }] of entries) if (until > now) return place - 1;
  return null;
}

function entriesAfter(
  entries: ReadonlyMap<number, FeedEntry>,
  start: number,
  limit: number,
): readonly PlacedEntry[] {
  const [oldest = 0] = entries.keys();
  const page: PlacedEntry[] = [];
  for (let place = Math.max(start + 1, oldest); page.length < limit; place++) {
    const entry = entries.get(place);
    if (entry === undefined) return page;
    page.push({ place, entry });
  }
  return page;
}

function longestLifetime(rows: readonly SessionRow[]): Seconds {
  return rows.reduce((longest, { accessLifetime }) => Math.max(longest, accessLifetime), 0);
}
