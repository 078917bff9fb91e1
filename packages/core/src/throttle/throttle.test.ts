import { expect, test } from "vitest";
import { decideThrottle } from "./throttle.ts";

const START = 1_900_000_000;

test("every combination of count, limit, window and age gets the verdict of the definition", () => {
  let checked = 0;
  for (const limit of [1, 2, 3, 5])
    for (const window of [1, 2, 7])
      for (let count = 1; count <= limit + 2; count++)
        for (let age = -window - 3; age <= window + 3; age++) {
          const row = { count, since: START };
          const now = START + age;
          const over = age >= window || age < -window;
          const expected = over
            ? { verdict: { allowed: true }, row: { count: 1, since: now } }
            : count < limit
              ? { verdict: { allowed: true }, row: { count: count + 1, since: START } }
              : { verdict: { allowed: false, retryAfter: window - age }, row };
          expect(decideThrottle(row, { limit, window }, now)).toEqual(expected);
          checked++;
        }
  expect(checked).toBeGreaterThan(500);
});

test("the first attempt of a key is allowed and starts its window", () => {
  expect(decideThrottle(null, { limit: 1, window: 60 }, START)).toEqual({
    verdict: { allowed: true },
    row: { count: 1, since: START },
  });
});

test("a refused client may try again after exactly the seconds that the refusal names", () => {
  const rule = { limit: 2, window: 30 };
  for (let age = -30; age < 30; age++) {
    const row = { count: 2, since: START };
    const now = START + age;
    const { verdict } = decideThrottle(row, rule, now);
    const retryAfter = verdict.allowed ? 0 : verdict.retryAfter;
    expect(retryAfter).toBeGreaterThan(0);
    expect(decideThrottle(row, rule, now + retryAfter).verdict.allowed).toBe(true);
    expect(decideThrottle(row, rule, now + retryAfter - 1).verdict.allowed).toBe(false);
  }
});

test("the given row is never modified", () => {
  const row = Object.freeze({ count: 1, since: START });
  decideThrottle(row, { limit: 5, window: 60 }, START + 1);
  expect(row).toEqual({ count: 1, since: START });
});
