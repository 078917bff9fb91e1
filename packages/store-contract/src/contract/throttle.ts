import {
  decideThrottle,
  type EpochSeconds,
  releaseAttempt,
  type ThrottleAttempt,
  type ThrottleRow,
  type ThrottleRule,
  type ThrottleStore,
  type ThrottleVerdict,
} from "@latchkey/core/store";
import { type Cases, equal } from "../cases.ts";
import { digest, START } from "../samples.ts";
import { type SeededRandom, seededRandom } from "../world.ts";

const RULE: ThrottleRule = { limit: 3, window: 60 };
const LOOSE: ThrottleRule = { limit: 1_000, window: 60 };
const KEY = digest("address");
const CROWD = 200;
const WALK = 400;
const allowed = { allowed: true } as const;

export const throttleCases: Cases = {
  "allows the limit, and no more": async ({ throttle }) => {
    for (const age of [0, 10, 20]) equal(await hitOne(throttle, START + age), allowed, `after ${age}`);
    equal(await hitOne(throttle, START + 30), refused(30), "beyond");
    equal(await hitOne(throttle, START + 59), refused(1), "last second");
  },

  "starts a new window after the end of the last one, also after refusals": async ({ throttle }) => {
    for (let n = 0; n < 9; n++) await hitOne(throttle, START + n);
    for (let n = 0; n < 3; n++) equal(await hitOne(throttle, START + 60), allowed, "the next window");
    equal(await hitOne(throttle, START + 61), refused(59), "its own length");
  },

  "tolerates slow clocks, and ignores a window that begins far ahead": async ({ throttle }) => {
    for (let n = 0; n < 3; n++) await hitOne(throttle, START);
    equal(await hitOne(throttle, START - 5), refused(65), "a slower clock");
    equal(await hitOne(throttle, START - 60), refused(120), "a window slower");
    equal(await hitOne(throttle, START - 61), allowed, "a jump");
  },

  "counts each key by itself": async ({ throttle }) => {
    const rule = { limit: 1, window: 60 };
    const keys = [
      "",
      "a",
      "A",
      "a ",
      "'; DROP TABLE latchkey_attempts; --",
      "{a}:b",
      "__proto__",
      digest("x"),
    ];
    for (const key of keys) equal(await throttle.hit([{ key, rule }], START), allowed, key);
    for (const key of keys) equal((await throttle.hit([{ key, rule }], START)).allowed, false, key);
  },

  "applies the rule of each call": async ({ throttle }) => {
    for (let n = 0; n < 3; n++) await hitOne(throttle, START);
    equal(await hitOne(throttle, START, { limit: 4, window: 60 }), allowed, "a higher limit");
    equal((await hitOne(throttle, START, { limit: 2, window: 60 })).allowed, false, "a lower one");
    equal(await hitOne(throttle, START, { limit: 5, window: 60 }), allowed, "a refusal did not count");
  },

  "counts an attempt in all of its buckets": async ({ throttle }) => {
    equal(await throttle.hit([at("a", 1), at("b", 2), at("c", 3)], START), allowed, "the first");
    equal(await countOf(throttle, ["a", "b", "c"]), [1, 1, 1], "the counts");
  },

  "counts an attempt in none of its buckets if one refuses it": async ({ throttle }) => {
    await throttle.hit([at("b", 1)], START);
    equal(await throttle.hit([at("a", 5), at("b", 1), at("c", 5)], START), refused(60, 1), "refused");
    equal(await countOf(throttle, ["a", "b", "c"]), [0, 1, 0], "the counts");
  },

  "names the first bucket that refuses, and the longest wait": async ({ throttle }) => {
    await throttle.hit([at("a", 1)], START);
    await throttle.hit([at("b", 1, 600), at("c", 1)], START + 5);
    const attempts = [at("x", 1), at("c", 1), at("b", 1, 600), at("a", 1)];
    equal(await throttle.hit(attempts, START + 10), refused(595, 1), "three refuse");
    equal(await throttle.hit(attempts, START + 62), refused(543, 1), "two refuse");
    equal(await throttle.hit(attempts, START + 65), refused(540, 2), "one refuses");
    equal(await throttle.hit(attempts, START + 605), allowed, "none refuses");
  },

  "gives back one attempt in each bucket, never below zero": async ({ throttle }) => {
    for (let n = 0; n < 2; n++) await throttle.hit([at("a", 9), at("b", 9)], START);
    await throttle.hit([at("c", 9)], START);
    await throttle.release(["a", "c", "unknown"]);
    equal(await countOf(throttle, ["a", "b", "c", "unknown"]), [1, 2, 0, 0], "after one");
    for (let n = 0; n < 3; n++) await throttle.release(["a", "b"]);
    equal(await countOf(throttle, ["a", "b", "c"]), [0, 0, 0], "after all");
    for (let n = 0; n < 2; n++) equal(await throttle.hit([at("a", 2)], START), allowed, `after zero ${n}`);
    equal((await throttle.hit([at("a", 2)], START)).allowed, false, "beyond");
    await throttle.release([]);
  },

  "starts a new window after every attempt was given back, and keeps it after one was": async ({
    throttle,
  }) => {
    await hitOne(throttle, START);
    await throttle.release([KEY]);
    for (const age of [30, 31, 32]) equal(await hitOne(throttle, START + age), allowed, `after ${age}`);
    await throttle.release([KEY]);
    equal(await hitOne(throttle, START + 40), allowed, "given back");
    equal(await hitOne(throttle, START + 40), refused(50), "beyond");
  },

  "allows exactly the limit out of 200 concurrent hits": async ({ throttle }) => {
    for (const limit of [1, 10, 150]) {
      const attempt = { key: digest(`${limit}`), rule: { limit, window: 60 } };
      const verdicts = await crowd(() => throttle.hit([attempt], START));
      equal(verdicts.filter((verdict) => verdict.allowed).length, limit, `limit ${limit}`);
    }
  },

  "allows exactly the limit out of 200 concurrent hits after the end of a window": async ({ throttle }) => {
    for (let n = 0; n < 9; n++) await hitOne(throttle, START);
    const verdicts = await crowd(() => hitOne(throttle, START + 60));
    equal(verdicts.filter((verdict) => verdict.allowed).length, RULE.limit, "allowed");
  },

  "allows exactly the limit of a shared bucket out of 200 concurrent hits, and counts no other": async ({
    throttle,
  }) => {
    const shared = at("m", 10);
    // The others sort before and after the shared one, are new or exist, and are in every order.
    await throttle.hit([at("a", 1_000), at("z", 1_000)], START);
    const verdicts = await crowd((n) => {
      const own = [{ key: digest(`own ${n}`), rule: LOOSE }, at("a", 1_000), shared, at("z", 1_000)];
      return throttle.hit([...own.slice(n % 4), ...own.slice(0, n % 4)], START);
    });
    equal(verdicts.filter((verdict) => verdict.allowed).length, 10, "allowed");
    equal(await countOf(throttle, ["a", "m", "z"]), [11, 10, 11], "the counts");
  },

  "loses no attempt of 100 concurrent hits and 100 that are given back": async ({ throttle }) => {
    await crowd(async (n) => {
      const keys = n % 2 === 0 ? ["a", "b", "c"] : ["c", "b", "a"];
      await throttle.hit(
        keys.map((key) => at(key, 1_000)),
        START,
      );
      if (n % 2 === 0) await throttle.release(keys);
    });
    equal(await countOf(throttle, ["a", "b", "c"]), [100, 100, 100], "the counts");
  },

  "equals `decideThrottle` on a random walk": async ({ throttle }) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = seededRandom(seed);
    const rows = new Map<string, ThrottleRow>();
    let now = START;
    for (let step = 0; step < WALK; step++) {
      now += nextClockStep(random, rows, now);
      const attempts = someOf(random, walked);
      const keys = attempts.map(({ key }) => key);
      if (random.chance(0.2)) {
        for (const key of keys) giveBack(rows, key);
        await throttle.release(keys);
      }
      const decided = decideThrottle(
        keys.map((key) => rows.get(key) ?? null),
        attempts,
        now,
      );
      for (const [index, row] of decided.rows.entries()) if (row !== null) rows.set(keys[index] ?? "", row);
      const where = `seed ${seed}, step ${step}, ${keys} at ${now}`;
      equal(await throttle.hit(attempts, now), decided.verdict, where);
    }
  },
};

function hitOne(
  throttle: ThrottleStore,
  now: EpochSeconds,
  rule: ThrottleRule = RULE,
): Promise<ThrottleVerdict> {
  return throttle.hit([{ key: KEY, rule }], now);
}

function at(name: string, limit: number, window = 60): ThrottleAttempt {
  return { key: name, rule: { limit, window } };
}

function refused(retryAfter: number, index = 0): ThrottleVerdict {
  return { allowed: false, retryAfter, index };
}

function crowd<T>(work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: CROWD }, (_, index) => work(index)));
}

/** Finds the counts of keys: the highest limit that refuses. */
async function countOf(throttle: ThrottleStore, keys: readonly string[]): Promise<readonly number[]> {
  await throttle.hit([at("full", 1)], START);
  const counts = keys.map(async (key) => {
    let [low, high] = [0, CROWD];
    while (low < high) {
      const limit = Math.ceil((low + high) / 2);
      // The second bucket always refuses, so the probe counts nothing.
      const verdict = await throttle.hit([at(key, limit), at("full", 1)], START);
      if (!verdict.allowed && verdict.index === 0) low = limit;
      else high = limit - 1;
    }
    return low;
  });
  return Promise.all(counts);
}

function giveBack(rows: Map<string, ThrottleRow>, key: string): void {
  const row = rows.get(key);
  const left = row === undefined ? null : releaseAttempt(row);
  if (left === null) rows.delete(key);
  else rows.set(key, left);
}

const walked: readonly ThrottleAttempt[] = [at("a", 1, 10), at("b", 5), at("c", 20, 300)];

function someOf(
  random: SeededRandom,
  [first, ...others]: readonly ThrottleAttempt[],
): readonly ThrottleAttempt[] {
  const some = others.filter(() => random.chance(0.5));
  if (first === undefined) return some;
  if (some.length > 0 && random.chance(0.5)) return some;
  return random.chance(0.5) ? [first, ...some] : [...some, first];
}

const LONGEST = 300;

// A store may have deleted an ended window, or restarted it and given the attempt back. So the clock goes back slightly only
// while no window is void before or after, or so far that every window is void until the end of the walk.
function nextClockStep(
  random: SeededRandom,
  rows: ReadonlyMap<string, ThrottleRow>,
  now: EpochSeconds,
): number {
  if (random.chance(0.01)) return -2 * WALK * LONGEST;
  if (random.chance(0.7)) return random.pick([0, 0, 0, 1, 2, 9, 10, 11]);
  if (random.chance(0.2)) return random.pick([59, 60, 61, 299, 300, 301]);
  const back = random.pick([-1, -9]);
  const none = walked.every(({ key, rule: { window } }) => {
    const age = now - (rows.get(key)?.since ?? now);
    return age < window && age + back >= -window;
  });
  return none ? back : 0;
}
