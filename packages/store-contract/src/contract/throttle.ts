import { decideThrottle, type EpochSeconds, type ThrottleRow, type ThrottleRule } from "@latchkey/core/store";
import { type Cases, equal } from "../cases.ts";
import { digest, START } from "../samples.ts";
import { type SeededRandom, seededRandom } from "../world.ts";

const RULE: ThrottleRule = { limit: 3, window: 60 };
const KEY = digest("address");
const CROWD = 200;
const WALK = 400;
const allowed = { allowed: true } as const;

export const throttleCases: Cases = {
  "allows the limit, and no more": async ({ throttle }) => {
    for (const age of [0, 10, 20]) equal(await throttle.hit(KEY, RULE, START + age), allowed, `after ${age}`);
    equal(await throttle.hit(KEY, RULE, START + 30), { allowed: false, retryAfter: 30 }, "beyond");
    equal(await throttle.hit(KEY, RULE, START + 59), { allowed: false, retryAfter: 1 }, "last second");
  },

  "starts a new window after the end of the last one, also after refusals": async ({ throttle }) => {
    for (let n = 0; n < 9; n++) await throttle.hit(KEY, RULE, START + n);
    for (let n = 0; n < 3; n++) equal(await throttle.hit(KEY, RULE, START + 60), allowed, "the next window");
    equal(await throttle.hit(KEY, RULE, START + 61), { allowed: false, retryAfter: 59 }, "its own length");
  },

  "tolerates slow clocks, and ignores a window that begins far ahead": async ({ throttle }) => {
    for (let n = 0; n < 3; n++) await throttle.hit(KEY, RULE, START);
    equal(await throttle.hit(KEY, RULE, START - 5), { allowed: false, retryAfter: 65 }, "a slower clock");
    equal(await throttle.hit(KEY, RULE, START - 60), { allowed: false, retryAfter: 120 }, "a window slower");
    equal(await throttle.hit(KEY, RULE, START - 61), allowed, "a jump");
  },

  "counts each key by itself": async ({ throttle }) => {
    const once = { limit: 1, window: 60 };
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
    for (const key of keys) equal(await throttle.hit(key, once, START), allowed, key);
    for (const key of keys) equal((await throttle.hit(key, once, START)).allowed, false, key);
  },

  "resets one key and no other": async ({ throttle }) => {
    const once = { limit: 1, window: 60 };
    for (const key of ["ann", "bob"]) await throttle.hit(key, once, START);
    await throttle.reset("ann");
    await throttle.reset("unknown");
    equal(await throttle.hit("ann", once, START), allowed, "ann");
    equal((await throttle.hit("bob", once, START)).allowed, false, "bob");
  },

  "applies the rule of each call": async ({ throttle }) => {
    for (let n = 0; n < 3; n++) await throttle.hit(KEY, RULE, START);
    equal(await throttle.hit(KEY, { limit: 4, window: 60 }, START), allowed, "a higher limit");
    equal((await throttle.hit(KEY, { limit: 2, window: 60 }, START)).allowed, false, "a lower one");
    equal(
      (await throttle.hit(KEY, { limit: 5, window: 60 }, START)).allowed,
      true,
      "a refusal did not count",
    );
  },

  "allows exactly the limit out of 200 concurrent hits": async ({ throttle }) => {
    for (const [name, limit] of [
      ["one", 1],
      ["ten", 10],
      ["most", 150],
    ] as const) {
      const rule = { limit, window: 60 };
      const verdicts = await Promise.all(
        Array.from({ length: CROWD }, () => throttle.hit(digest(name), rule, START)),
      );
      equal(verdicts.filter((verdict) => verdict.allowed).length, limit, `limit ${limit}`);
    }
  },

  "allows exactly the limit out of 200 concurrent hits after the end of a window": async ({ throttle }) => {
    for (let n = 0; n < 9; n++) await throttle.hit(KEY, RULE, START);
    const verdicts = await Promise.all(
      Array.from({ length: CROWD }, () => throttle.hit(KEY, RULE, START + 60)),
    );
    equal(verdicts.filter((verdict) => verdict.allowed).length, RULE.limit, "allowed");
  },

  "equals `decideThrottle` on a random walk": async ({ throttle }) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = seededRandom(seed);
    const rows = new Map<string, ThrottleRow>();
    let now = START;
    for (let step = 0; step < WALK; step++) {
      now += nextClockStep(random, rows, now);
      const [key, rule] = random.pick(rules);
      if (random.chance(0.02)) {
        rows.delete(key);
        await throttle.reset(key);
      }
      const { verdict, row } = decideThrottle(rows.get(key) ?? null, rule, now);
      rows.set(key, row);
      equal(await throttle.hit(key, rule, now), verdict, `seed ${seed}, step ${step}, ${key} at ${now}`);
    }
  },
};

type Keyed = readonly [key: string, rule: ThrottleRule];

const rules: readonly [Keyed, ...Keyed[]] = [
  ["a", { limit: 1, window: 10 }],
  ["b", { limit: 5, window: 60 }],
  ["c", { limit: 20, window: 300 }],
];

const LONGEST = 300;

// A store may have deleted an ended window. So the clock goes back slightly only while no window has ended, or so far
// that every window is void.
function nextClockStep(
  random: SeededRandom,
  rows: ReadonlyMap<string, ThrottleRow>,
  now: EpochSeconds,
): number {
  if (random.chance(0.01)) return -10 * LONGEST;
  if (random.chance(0.7)) return random.pick([0, 0, 0, 1, 2, 9, 10, 11]);
  if (random.chance(0.2)) return random.pick([59, 60, 61, 299, 300, 301]);
  const none = rules.every(([key, { window }]) => now - (rows.get(key)?.since ?? now) < window);
  return none ? random.pick([-1, -9]) : 0;
}
