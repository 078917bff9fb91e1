import { expect, test } from "vitest";
import { decideThrottle, hitEach, releaseAttempt, type ThrottleAttempt } from "./throttle.ts";

const START = 1_900_000_000;

function at(limit: number, window: number): ThrottleAttempt {
  return { key: "key", rule: { limit, window } };
}

test("every combination of count, limit, window and age gets the verdict of the definition", () => {
  let checked = 0;
  for (const limit of [1, 2, 3, 5])
    for (const window of [1, 2, 7])
      for (let count = 0; count <= limit + 2; count++)
        for (let age = -window - 3; age <= window + 3; age++) {
          const row = { count, since: START };
          const now = START + age;
          const over = count === 0 || age >= window || age < -window;
          const expected = over
            ? { verdict: { allowed: true }, rows: [{ count: 1, since: now }] }
            : count < limit
              ? { verdict: { allowed: true }, rows: [{ count: count + 1, since: START }] }
              : { verdict: { allowed: false, retryAfter: window - age, index: 0 }, rows: [row] };
          expect(decideThrottle([row], [at(limit, window)], now)).toEqual(expected);
          checked++;
        }
  expect(checked).toBeGreaterThan(500);
});

test("the first attempt of a key is allowed and starts its window", () => {
  expect(decideThrottle([null], [at(1, 60)], START)).toEqual({
    verdict: { allowed: true },
    rows: [{ count: 1, since: START }],
  });
});

test("a refused client may try again after exactly the seconds that the refusal names", () => {
  for (let age = -30; age < 30; age++) {
    const rows = [{ count: 2, since: START }];
    const now = START + age;
    const allowedAt = (time: number) => decideThrottle(rows, [at(2, 30)], time).verdict.allowed;
    const { verdict } = decideThrottle(rows, [at(2, 30)], now);
    const retryAfter = verdict.allowed ? 0 : verdict.retryAfter;
    expect(retryAfter).toBeGreaterThan(0);
    expect(allowedAt(now + retryAfter)).toBe(true);
    expect(allowedAt(now + retryAfter - 1)).toBe(false);
  }
});

test("an attempt that one of several buckets refuses is counted in none of them", () => {
  const rows = [null, { count: 2, since: START }, { count: 1, since: START }, { count: 5, since: START - 3 }];
  const attempts = [at(1, 60), at(2, 10), at(2, 60), at(5, 30)];
  expect(decideThrottle(rows, attempts, START + 1)).toEqual({
    verdict: { allowed: false, retryAfter: 26, index: 1 },
    rows,
  });
  expect(decideThrottle(rows, attempts, START + 27)).toEqual({
    verdict: { allowed: true },
    rows: [
      { count: 1, since: START + 27 },
      { count: 1, since: START + 27 },
      { count: 2, since: START },
      { count: 1, since: START + 27 },
    ],
  });
});

test("a row that is given back keeps its window, and the last attempt leaves none", () => {
  expect(releaseAttempt({ count: 2, since: START })).toEqual({ count: 1, since: START });
  expect(releaseAttempt({ count: 1, since: START })).toBeNull();
  expect(releaseAttempt({ count: 0, since: START })).toBeNull();
});

test("the given rows are never modified", () => {
  const row = Object.freeze({ count: 1, since: START });
  decideThrottle(Object.freeze([row]), [at(5, 60)], START + 1);
  releaseAttempt(row);
  expect(row).toEqual({ count: 1, since: START });
});

const three = ["a", "b", "c"].map((key) => ({ key, rule: { limit: 1, window: 60 } }));

test.each([
  [{}, { allowed: true }, []],
  [{ b: 7 }, { allowed: false, retryAfter: 7, index: 1 }, ["a", "c"]],
  [{ a: 5, b: 7, c: 6 }, { allowed: false, retryAfter: 7, index: 0 }, []],
])(
  "buckets in steps of their own that wait %j give %j and give back %j",
  async (waits, verdict, released) => {
    const given: string[] = [];
    const hit = async ({ key }: ThrottleAttempt) =>
      Object.entries(waits).find(([of]) => of === key)?.[1] ?? 0;
    expect(await hitEach(three, hit, async (keys) => void given.push(...keys))).toEqual(verdict);
    expect(given).toEqual(released);
  },
);

test("a bucket that fails gives back the others, and its error is kept", async () => {
  const given: string[] = [];
  const hit = async ({ key }: ThrottleAttempt): Promise<number> => {
    if (key === "b") throw new Error("down");
    return 0;
  };
  await expect(hitEach(three, hit, async (keys) => void given.push(...keys))).rejects.toThrow("down");
  expect(given).toEqual(["a", "c"]);
});
