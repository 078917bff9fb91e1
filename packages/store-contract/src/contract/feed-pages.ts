import {
  type EpochSeconds,
  FEED_RETENTION,
  type FeedEntry,
  type FeedPage,
  type Store,
} from "@latchkey/core/store";
import { type Cases, equal, requirePresent } from "../cases.ts";
import { DEFAULTS, START, sampleSession, sessionId } from "../samples.ts";
import { allEntries, endedEntry, expectEnd, pagesOf } from "./feed.ts";

const NOW = START + 10;
const LIFETIME = 600;
const HOUR = 3_600;
const REVOKED = { reason: "revoked", now: NOW } as const;

type Sessions = Store["sessions"];

export const feedPageCases: Cases = {
  "is read in pages of any size": async ({ sessions }) => {
    const names = await endSome(sessions, 7);
    for (const limit of [1, 2, 3, 7, 50]) {
      const pages = await pagesOf(sessions, null, limit);
      equal(
        pages.flatMap(({ entries }) => entries),
        names.map((name) => endedEntry(name)),
        `limit ${limit}`,
      );
      equal(
        pages.every(({ entries }) => entries.length <= limit),
        true,
        `pages of ${limit}`,
      );
      await expectEnd(sessions, requirePresent(pages[pages.length - 1], "page"), NOW);
    }
  },

  "has a short cursor of plain characters": async ({ sessions }) => {
    const cursors = [(await sessions.endedSince(null, 1, NOW)).cursor];
    await endSome(sessions, 3);
    for (const page of await pagesOf(sessions, null, 1)) cursors.push(page.cursor);
    for (const cursor of cursors) equal(/^[\w.-]{1,64}$/.test(cursor), true, cursor);
  },

  "starts again for a cursor that is none": async ({ sessions }) => {
    await endSome(sessions, 3);
    const start = (await sessions.endedSince(null, 10, NOW)).entries;
    const { cursor } = await sessions.endedSince(null, 10, NOW);
    const forged = ["", "0", "-1", "x", "1", "999999999", "1.1", "0.0.0", "1e3", " 1", "٣", "a'b", "\u0000"];
    const near = [
      `${cursor}9`,
      `9${cursor}`,
      `${cursor}.`,
      `${cursor} `,
      cursor.slice(0, -1),
      cursor.repeat(99),
    ];
    for (const text of [...forged, ...near]) {
      const { entries } = await sessions.endedSince(text, 10, NOW);
      equal(entries, start, JSON.stringify(text.slice(0, 80)));
    }
  },

  "starts with the oldest entry that has a live access token": async ({ sessions }) => {
    await endSome(sessions, 2);
    await sessions.create(sampleSession("later"), DEFAULTS);
    await sessions.end(sessionId("later"), null, { reason: "revoked", now: NOW + 500 });
    const at = async (now: EpochSeconds): Promise<readonly FeedEntry[]> =>
      (await sessions.endedSince(null, 10, now)).entries;
    equal((await at(NOW + LIFETIME - 1)).length, 3, "the last second");
    equal(await at(NOW + LIFETIME), [endedEntry("later", NOW + 500)], "after");
    const { cursor } = await sessions.endedSince(null, 10, NOW + 9_999);
    await sessions.create(sampleSession("last"), DEFAULTS);
    await sessions.end(sessionId("last"), null, REVOKED);
    const page = await sessions.endedSince(cursor, 10, NOW + 9_999);
    equal(page.entries.slice(-1), [endedEntry("last")], "a cursor of a feed of old entries");
  },

  "misses no entry when clocks jump": async ({ sessions }) => {
    const jumps = [0, HOUR, 0, -HOUR, HOUR, -HOUR, 0, HOUR];
    let { cursor } = await sessions.endedSince(null, 10, NOW);
    for (const [n, jump] of jumps.entries()) {
      const name = `s${n}`;
      await sessions.create(sampleSession(name, { expiresAt: null, idleLifetime: null }), DEFAULTS);
      await sessions.end(sessionId(name), null, { reason: "revoked", now: NOW + jump });
      const page = await sessions.endedSince(cursor, 10, NOW + (jumps[n + 1] ?? 0));
      cursor = page.cursor;
      equal(page.entries.slice(-1), [endedEntry(name, NOW + jump)], `jump ${n}`);
    }
  },

  "keeps entries for an hour after their last access token, and deletes them later": async ({ sessions }) => {
    await endSome(sessions, 5);
    const until = NOW + LIFETIME;
    const pruneAll = (now: EpochSeconds): Promise<number> =>
      sessions.prune({ userId: null, keep: true, now });
    await pruneAll(until + FEED_RETENTION - 1);
    equal((await allEntries(sessions)).length, 5, "kept");
    const { cursor } = await sessions.endedSince(null, 2, NOW);
    await pruneAll(until + FEED_RETENTION);
    equal((await allEntries(sessions)).length <= 1, true, "deleted");
    await sessions.create(sampleSession("later"), DEFAULTS);
    await sessions.end(sessionId("later"), null, { reason: "revoked", now: until + FEED_RETENTION });
    for (const from of [cursor, null]) {
      const { entries } = await sessions.endedSince(from, 10, until + FEED_RETENTION);
      equal(entries.slice(-1), [endedEntry("later", until + FEED_RETENTION)], `from ${from}`);
    }
  },

  "is bounded without prune": async ({ sessions }) => {
    for (let n = 0; n < 60; n++) {
      await sessions.create(sampleSession(`s${n}`), DEFAULTS);
      await sessions.end(sessionId(`s${n}`), null, { reason: "revoked", now: NOW + n * HOUR });
    }
    equal((await allEntries(sessions)).length < 20, true, "the entries of some hours");
    await sessions.create(sampleSession("stale"), DEFAULTS);
    for (let n = 60; n < 120; n++)
      await sessions.update(sessionId("stale"), { context: { n } }, NOW + n * HOUR);
    equal((await allEntries(sessions)).length < 20, true, "the changes of some hours");
  },

  "200 sessions end while the feed is read: each of them is in it": async ({ sessions }) => {
    const names = Array.from({ length: 200 }, (_, n) => `s${n}`);
    for (const name of names) await sessions.create(sampleSession(name), DEFAULTS);
    let running = true;
    const seen = new Set<string>();
    const read = async (): Promise<void> => {
      let cursor: string | null = null;
      let last = false;
      while (!last) {
        last = !running;
        const pages: readonly FeedPage[] = await pagesOf(sessions, cursor, 7);
        cursor = pages[pages.length - 1]?.cursor ?? null;
        for (const id of pages.flatMap(idsOf)) seen.add(id);
        await new Promise<void>((resolve) => setTimeout(resolve, 1));
      }
    };
    const end = async (): Promise<void> => {
      await Promise.all(names.map((name) => sessions.end(sessionId(name), null, REVOKED)));
      running = false;
    };
    await Promise.all([read(), read(), end()]);
    equal(
      names.filter((name) => !seen.has(sessionId(name))),
      [],
      "missed",
    );
  },
};

async function endSome(sessions: Sessions, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, n) => `s${n}`);
  for (const name of names) {
    await sessions.create(sampleSession(name), DEFAULTS);
    await sessions.end(sessionId(name), null, REVOKED);
  }
  return names;
}

function idsOf({ entries }: FeedPage): readonly string[] {
  return entries.flatMap((entry) => ("sessionId" in entry ? [entry.sessionId] : []));
}
