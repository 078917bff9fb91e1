import { describe, expect, it } from "vitest";
import type { Env } from "../platform/env.ts";
import {
  addEntries,
  ageList,
  type EndedList,
  type EndedPage,
  emptyList,
  endedFeed,
  judgeToken,
  type ListedEnd,
} from "./revocation.ts";

const LIFETIME = 600;
const START = 1_000_000;

function entry(kind: ListedEnd["kind"], key: string, at: number): ListedEnd {
  return { kind, key, at, until: at + LIFETIME };
}

function listOf(...entries: readonly ListedEnd[]): EndedList {
  return addEntries(emptyList(START), entries, "1");
}

const token = (issuedAt: number) => ({ session: "s", user: "u", issuedAt });

describe("judgeToken", () => {
  it.each<[string, readonly ListedEnd[], number, string]>([
    ["nothing is listed", [], START, "unlisted"],
    ["another session ended", [entry("ended", "x", START)], START, "unlisted"],
    ["the session ended", [entry("ended", "s", START)], START - 5, "ended"],
    [
      "the session ended, and the token is from a clock ahead",
      [entry("ended", "s", START)],
      START + 9,
      "ended",
    ],
    ["the context changed after the issue", [entry("stale", "s", START)], START - 1, "stale"],
    ["the context changed in the second of the issue", [entry("stale", "s", START)], START, "stale"],
    ["the context changed within the skew", [entry("stale", "s", START)], START + 60, "maybe_stale"],
    ["the context changed before the issue", [entry("stale", "s", START)], START + 61, "unlisted"],
    ["sessions of the user ended after the issue", [entry("user", "u", START)], START - 1, "user_ended"],
    ["sessions of the user ended within the skew", [entry("user", "u", START)], START + 60, "user_ended"],
    ["sessions of the user ended before the issue", [entry("user", "u", START)], START + 61, "unlisted"],
    ["a user has the id of the session", [entry("user", "s", START)], START, "unlisted"],
    ["a session has the id of the user", [entry("ended", "u", START)], START, "unlisted"],
  ])("where %s", (_, entries, issuedAt, verdict) => {
    expect(judgeToken(listOf(...entries), token(issuedAt), 60)).toBe(verdict);
  });

  it("keeps an end, whatever is listed after it", () => {
    const list = listOf(entry("ended", "s", START), entry("stale", "s", START + 5));
    expect(judgeToken(list, token(START + 9), 0)).toBe("ended");
  });

  it("keeps the latest of two changes in any order", () => {
    for (const times of [[START, START + 50] as const, [START + 50, START] as const]) {
      const list = listOf(...times.map((at) => entry("stale", "s", at)));
      expect(judgeToken(list, token(START + 50), 0)).toBe("stale");
    }
  });
});

describe("the age of a list", () => {
  const ended = listOf(entry("ended", "s", START));

  it("drops an entry after the access lifetime, and not before", () => {
    let list = ended;
    for (let at = START + 10; at <= START + LIFETIME; at += 10) list = ageList(list, at, 30);
    expect(judgeToken(list, token(START), 0)).toBe("ended");
    expect(judgeToken(ageList(list, START + LIFETIME + 1, 30), token(START), 0)).toBe("unlisted");
  });

  it("keeps a later entry beside one that expires", () => {
    let list = ended;
    for (let at = START + 10; at <= START + 500; at += 10) list = ageList(list, at, 30);
    list = addEntries(list, [entry("ended", "later", START + 500)], "2");
    for (let at = START + 510; at <= START + 500 + LIFETIME; at += 10) list = ageList(list, at, 30);
    expect(judgeToken(list, { ...token(START), session: "later" }, 0)).toBe("ended");
    expect(list.parts).toHaveLength(1);
  });

  it("loses no entry if the clock jumps ahead and back", () => {
    const ahead = ageList(ended, START + 100_000, 30);
    const back = ageList(ahead, START + 10, 30);
    expect(judgeToken(ahead, token(START), 0)).toBe("ended");
    expect(judgeToken(back, token(START), 0)).toBe("ended");
  });
});

describe("a list of many parts", () => {
  const other = (n: number): ListedEnd => entry("ended", `other ${n}`, START);

  it("finds the ends and the latest changes in every part", () => {
    const later = [entry("stale", "s", START + 50), entry("user", "u", START + 5)];
    let list = listOf(entry("stale", "s", START), ...Array.from({ length: 20 }, (_, n) => other(n)));
    list = addEntries(list, later, "2");
    expect(list.parts.length).toBe(2);
    expect(judgeToken(list, token(START + 50), 0)).toBe("stale");
    expect(judgeToken(list, token(START + 5), 0)).toBe("user_ended");
    list = addEntries(
      listOf(entry("ended", "s", START), other(1), other(2), other(3)),
      [later[0] ?? other(4)],
      "2",
    );
    expect(judgeToken(list, token(START + 90), 0)).toBe("ended");
  });

  it("copies few entries at each read, and drops them all in the end", () => {
    const many = Array.from({ length: 200_000 }, (_, n) => other(n));
    let list = addEntries(emptyList(START), many, "1");
    for (let n = 1; n <= 50; n++) {
      const before: ReadonlySet<EndedList["parts"][number]> = new Set(list.parts);
      list = addEntries(ageList(list, START + 10 * n, 30), [entry("ended", `new ${n}`, START + 10 * n)], "2");
      const made = list.parts.filter((part) => !before.has(part));
      expect(made.reduce((sum, { sessions }) => sum + sessions.size, 0)).toBeLessThanOrEqual(50);
    }
    expect(list.parts.length).toBeLessThan(10);
    for (let n = 51; n <= 111; n++) list = ageList(list, START + 10 * n, 30);
    expect(list.parts).toEqual([]);
  });
});

interface Rig {
  now: number;
  readonly pages: EndedPage[];
  readonly cursors: (string | null)[];
  readonly behind: number[];
  /** Replaces the next reads. */
  read: (() => Promise<EndedPage>) | null;
}

function open(whenBehind: "accept" | "refuse" = "accept") {
  const rig: Rig = { now: START, pages: [], cursors: [], behind: [], read: null };
  const env = { clock: () => rig.now * 1_000 } as Env;
  const feed = endedFeed({
    env,
    pollEvery: 10,
    whenBehind,
    read: (cursor) => {
      rig.cursors.push(cursor);
      if (rig.read !== null) return rig.read();
      return Promise.resolve(rig.pages.shift() ?? { entries: [], cursor: cursor ?? "0", more: false });
    },
    onBehind: (seconds) => rig.behind.push(seconds),
    onFailure: () => undefined,
  });
  const verdict = async () => judgeToken(await feed.current(null), token(START - 1), 0);
  return { rig, feed, verdict };
}

const page = (more: boolean, cursor: string, ...entries: readonly ListedEnd[]): EndedPage => {
  return { entries, cursor, more };
};

describe("the list of a process", () => {
  it("is read before the first answer, once for parallel requests, with all of its pages", async () => {
    const { rig, verdict } = open();
    rig.pages.push(page(true, "1", entry("ended", "x", START)), page(false, "2", entry("ended", "s", START)));
    expect(await Promise.all([verdict(), verdict(), verdict()])).toEqual(["ended", "ended", "ended"]);
    expect(rig.cursors).toEqual([null, "1"]);
  });

  it("is read once per interval, in the background, from its cursor", async () => {
    const { rig, verdict } = open();
    await verdict();
    rig.pages.push(page(false, "7", entry("ended", "s", START)));
    rig.now += 9;
    expect(await verdict()).toBe("unlisted");
    expect(rig.cursors).toEqual([null]);
    rig.now += 1;
    expect(await Promise.all([verdict(), verdict()])).toEqual(["unlisted", "unlisted"]);
    await Promise.resolve();
    expect(await verdict()).toBe("ended");
    expect(rig.cursors).toEqual([null, "0"]);
  });

  it("delays no request while a read hangs", async () => {
    const { rig, verdict } = open();
    await verdict();
    rig.read = () => new Promise(() => undefined);
    rig.now += 10;
    for (let n = 0; n < 5; n++) {
      expect(await verdict()).toBe("unlisted");
      rig.now += 10;
    }
    expect(rig.cursors).toHaveLength(2);
    expect(rig.behind).toEqual([30, 40, 50]);
  });

  it("waits for the first read at most for its time limit, and then for no other", async () => {
    const { rig, verdict } = open();
    rig.read = () => new Promise(() => undefined);
    const begin = performance.now();
    expect(await verdict()).toBe("unlisted");
    const waited = performance.now() - begin;
    for (let n = 0; n < 100; n++) await verdict();
    expect(waited).toBeGreaterThan(900);
    expect(performance.now() - begin - waited).toBeLessThan(900);
  });

  it("delays no request of a busy process while reads fail late", async () => {
    const { rig, verdict } = open();
    await verdict();
    const reads: (() => void)[] = [];
    rig.read = () => new Promise((_, fail) => reads.push(() => fail(new Error("late"))));
    for (let n = 0; n < 60; n++) {
      rig.now += 1;
      // A verdict that waits for no read is there before any timer.
      const late = new Promise((resolve) => setTimeout(resolve, 5, "late"));
      expect(await Promise.race([verdict(), late])).toBe("unlisted");
      if (n % 5 === 0) reads.shift()?.();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(rig.behind.length).toBeGreaterThan(2);
  });

  it.each([12, 31])("waits for the read after %i seconds without a request", async (idle) => {
    const { rig, verdict } = open();
    await verdict();
    rig.pages.push(page(false, "7", entry("ended", "s", START)));
    rig.now += idle;
    expect(await verdict()).toBe("ended");
    expect(rig.behind).toEqual([]);
  });

  it("is read again one interval after a failure, and reports that it is behind", async () => {
    const { rig, verdict } = open();
    await verdict();
    rig.read = () => Promise.reject(new Error("down"));
    for (let n = 0; n < 60; n++) {
      rig.now += 1;
      await verdict();
    }
    expect(rig.cursors).toHaveLength(1 + 6);
    expect(rig.behind).toEqual([30, 40, 50, 60]);
    const background = () => new Promise((resolve) => setTimeout(resolve));
    await background();
    rig.read = null;
    rig.pages.push(page(false, "7", entry("ended", "s", START)));
    rig.now += 10;
    await verdict();
    await background();
    expect(await verdict()).toBe("ended");
  });

  it("refuses while it is behind, if that is asked", async () => {
    const { rig, verdict } = open("refuse");
    rig.read = () => Promise.reject(new Error("down"));
    await expect(verdict()).rejects.toMatchObject({ code: "store_unavailable" });
    rig.read = null;
    rig.now += 10;
    expect(await verdict()).toBe("unlisted");
  });

  it("hands each read to the platform", async () => {
    const { rig, feed } = open();
    const kept: Promise<unknown>[] = [];
    await feed.current((work) => kept.push(work));
    rig.now += 5;
    await feed.current((work) => kept.push(work));
    rig.now += 5;
    await feed.current((work) => kept.push(work));
    expect(kept).toHaveLength(2);
  });

  it("survives a clock that jumps", async () => {
    const { rig, verdict } = open();
    rig.pages.push(page(false, "1", entry("ended", "s", START)));
    for (const jump of [0, 86_400, -86_400, -3_600, 7_200]) {
      rig.now += jump;
      expect(await verdict()).toBe("ended");
    }
  });
});
