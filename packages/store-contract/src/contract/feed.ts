import {
  type EpochSeconds,
  type FeedEntry,
  type FeedPage,
  MOST_ENDED_ENTRIES,
  type Store,
} from "@latchkey/core/store";
import { type Cases, equal, requirePresent } from "../cases.ts";
import {
  DEFAULTS,
  digest,
  START,
  sampleRotation,
  sampleSession,
  sampleWithChild,
  sessionId,
} from "../samples.ts";

const NOW = START + 10;
const LIFETIME = 600;
const HOUR = 3_600;
const REVOKED = { reason: "revoked", now: NOW } as const;

/** The number of reads that wait for the end of the feed. */
const PATIENCE = 50;

type Sessions = Store["sessions"];

export const feedCases: Cases = {
  "is empty at first, and its cursor stays": async ({ sessions }) => {
    const page = await sessions.endedSince(null, 10, NOW);
    equal({ ...page, cursor: "" }, { entries: [], cursor: "", more: false }, "first page");
    equal(await sessions.endedSince(page.cursor, 10, NOW), page, "again");
  },

  "has one entry for each session that ended, in order": async ({ sessions }) => {
    const names = ["c", "a", "b"];
    for (const name of names) await sessions.create(sampleSession(name), DEFAULTS);
    const { cursor } = await sessions.endedSince(null, 10, NOW);
    for (const name of names) await sessions.end(sessionId(name), null, REVOKED);
    await sessions.end(sessionId("a"), null, REVOKED);
    await sessions.end(sessionId("b"), digest("forged"), REVOKED);
    const page = await sessions.endedSince(cursor, 10, NOW);
    equal(
      page.entries,
      names.map((name) => endedEntry(name)),
      "entries",
    );
    equal(page.more, false, "more");
    await expectEnd(sessions, page, NOW);
  },

  "has the sessions that endAll ended, and not the one that stays": async ({ sessions }) => {
    for (const name of ["a", "b", "c"]) await sessions.create(sampleSession(name), DEFAULTS);
    await sessions.create(sampleSession("over", { endedAt: START, endReason: "logout" }), DEFAULTS);
    await sessions.create(sampleSession("theirs", { userId: "bob" }), DEFAULTS);
    await sessions.endAll("ann", sessionId("b"), REVOKED);
    equal(await sorted(sessions), [endedEntry("a"), endedEntry("c")].sort(byText), "entries");
    await sessions.endAll("ann", sessionId("b"), REVOKED);
    equal((await sorted(sessions)).length, 2, "again");
  },

  "has the sessions that a sign-in replaced or that were over the limit": async ({ sessions }) => {
    await sessions.create(sampleSession("old"), DEFAULTS);
    await sessions.create(sampleSession("theirs", { userId: "bob" }), DEFAULTS);
    await sessions.create(sampleSession("surplus", { createdAt: START - 9 }), DEFAULTS);
    const replaces = [sessionId("old"), sessionId("theirs", "bob")];
    await sessions.create(sampleSession("new", { createdAt: NOW }), { ...DEFAULTS, limit: 1, replaces });
    const theirs = { ...endedEntry("theirs"), sessionId: sessionId("theirs", "bob") };
    equal(await sorted(sessions), [endedEntry("old"), theirs, endedEntry("surplus")].sort(byText), "entries");
  },

  "has the session of which a token was reused, and no session that was rotated": async ({ sessions }) => {
    await sessions.create(sampleWithChild("phone"), DEFAULTS);
    await sessions.rotate(sampleRotation("phone", 1, START + 100));
    equal(await allEntries(sessions), [], "rotated");
    await sessions.rotate(sampleRotation("phone", 0, NOW + 200));
    equal(await allEntries(sessions), [endedEntry("phone", NOW + 200)], "reused");
    await sessions.rotate(sampleRotation("phone", 0, NOW + 300));
    equal((await allEntries(sessions)).length, 1, "refused");
  },

  "has no session that expired or was confirmed": async ({ sessions }) => {
    await sessions.create(sampleSession("expired", { expiresAt: START + 1 }), DEFAULTS);
    await sessions.create(sampleWithChild("phone"), DEFAULTS);
    await sessions.confirm(sessionId("phone"), 1, 1, NOW);
    await sessions.prune({ userId: "ann", keep: true, now: NOW });
    await sessions.prune({ userId: null, keep: true, now: NOW });
    equal((await sessions.get(sessionId("expired"), NOW))?.row.endReason, "expired", "marked");
    equal(await allEntries(sessions), [], "entries");
  },

  "has a session as stale after a change of its context": async ({ sessions }) => {
    const device = { userAgent: null, address: null };
    await sessions.create(sampleSession("phone"), DEFAULTS);
    await sessions.create(sampleSession("over", { endedAt: START, endReason: "logout" }), DEFAULTS);
    await sessions.update(sessionId("phone"), { device }, NOW);
    await sessions.update(sessionId("phone"), { context: { n: 1 } }, null);
    await sessions.update(sessionId("over"), { context: { n: 1 } }, NOW);
    await sessions.update(sessionId("unknown"), { context: { n: 1 } }, NOW);
    equal(await allEntries(sessions), [], "before");
    await sessions.update(sessionId("phone"), { context: { n: 2 }, device }, NOW);
    equal(await allEntries(sessions), [{ ...endedEntry("phone"), kind: "stale" }], "after");
  },

  "has the access lifetime of each session": async ({ sessions }) => {
    await sessions.create(sampleSession("short", { accessLifetime: 60 }), DEFAULTS);
    await sessions.create(sampleSession("long", { accessLifetime: 7_200 }), DEFAULTS);
    await sessions.end(sessionId("short"), null, REVOKED);
    await sessions.end(sessionId("long"), null, REVOKED);
    const untils = (await allEntries(sessions)).map(({ until }) => until);
    equal(untils, [NOW + 60, NOW + 7_200], "until");
  },

  "has one entry of the user for many sessions": async ({ sessions }) => {
    await signIn(sessions, "few", MOST_ENDED_ENTRIES);
    await sessions.endAll("ann", null, REVOKED);
    equal((await allEntries(sessions)).length, MOST_ENDED_ENTRIES, "as many as have an entry each");
    await signIn(sessions, "many", MOST_ENDED_ENTRIES);
    await sessions.create(sampleSession("longest", { accessLifetime: 900 }), DEFAULTS);
    await sessions.create(sampleSession("stays", { accessLifetime: 1_200 }), DEFAULTS);
    const { cursor } = await lastPage(sessions);
    const ended = await sessions.endAll("ann", sessionId("stays"), REVOKED);
    equal(ended.length, MOST_ENDED_ENTRIES + 1, "ended");
    const entry = { kind: "user", userId: "ann", at: NOW, until: NOW + 900 } as const;
    equal((await sessions.endedSince(cursor, 10, NOW)).entries, [entry], "one more than that");
  },

  "has each session that ends beside the end of many": async ({ sessions }) => {
    await signIn(sessions, "many", MOST_ENDED_ENTRIES + 1);
    await sessions.create(sampleSession("stays"), DEFAULTS);
    await sessions.create(sampleSession("theirs", { userId: "bob" }), DEFAULTS);
    await sessions.endAll("ann", sessionId("stays"), REVOKED);
    await sessions.end(sessionId("stays"), null, REVOKED);
    await sessions.end(sessionId("theirs", "bob"), null, REVOKED);
    const ids = (await allEntries(sessions)).map((entry) =>
      "sessionId" in entry ? entry.sessionId : entry.userId,
    );
    equal(ids, ["ann", sessionId("stays"), sessionId("theirs", "bob")], "entries");
  },
};

export function endedEntry(name: string, at: EpochSeconds = NOW): FeedEntry {
  return { kind: "ended", sessionId: sessionId(name), at, until: at + LIFETIME };
}

async function signIn(sessions: Sessions, name: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await sessions.create(sampleSession(`${name} ${n}`), DEFAULTS);
}

export async function pagesOf(
  sessions: Sessions,
  start: string | null,
  limit: number,
): Promise<readonly FeedPage[]> {
  const pages: FeedPage[] = [];
  for (let cursor = start; pages.length < 1_000; ) {
    const page = await sessions.endedSince(cursor, limit, NOW);
    pages.push(page);
    if (!page.more) return pages;
    cursor = page.cursor;
  }
  throw new Error("the feed has no last page");
}

async function lastPage(sessions: Sessions): Promise<FeedPage> {
  const pages = await pagesOf(sessions, null, 1_000);
  return requirePresent(pages[pages.length - 1], "page");
}

/** Every entry of the feed, also those whose access tokens have expired. */
export async function allEntries(sessions: Sessions): Promise<readonly FeedEntry[]> {
  const page = await sessions.endedSince(null, 1_000, START - HOUR);
  equal(page.more, false, "more");
  return page.entries;
}

async function sorted(sessions: Sessions): Promise<readonly FeedEntry[]> {
  return [...(await allEntries(sessions))].sort(byText);
}

function byText(a: FeedEntry, b: FeedEntry): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** After the last page come empty pages with one cursor. Until older transactions have ended, entries may be repeated. */
export async function expectEnd(sessions: Sessions, page: FeedPage, now: EpochSeconds): Promise<void> {
  let { cursor } = page;
  for (let n = 0; n < PATIENCE; n++) {
    const next = await sessions.endedSince(cursor, 1_000, now);
    cursor = next.cursor;
    if (next.entries.length === 0) break;
    await new Promise<void>((resolve) => setTimeout(resolve, 20));
  }
  for (let n = 0; n < 2; n++)
    equal(await sessions.endedSince(cursor, 3, now), { entries: [], cursor, more: false }, "the end");
}
