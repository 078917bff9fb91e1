import { describe, expect, it } from "vitest";
import type { Env } from "./env.ts";
import { createRefreshTimer, pauseAfter, refreshAfter } from "./refresh-timer.ts";

/** The longest delay of `setTimeout`, which calls after 1 ms for a longer one. */
const LONGEST_DELAY = 2 ** 31 - 1;
const DAY = 86_400;

/** A clock that only timers move, with timers like those of `setTimeout`. */
function timers() {
  let now = 0;
  let next: { readonly at: number; readonly run: () => void } | null = null;
  const later: Env["later"] = (run, delay) => {
    const timer = { at: now + (delay > LONGEST_DELAY ? 1 : delay), run };
    next = timer;
    return () => {
      if (next === timer) next = null;
    };
  };
  const fire = (): void => {
    const timer = next;
    next = null;
    if (timer === null) return;
    now = timer.at;
    timer.run();
  };
  const env = { now: () => now, later, random: () => 0, page: null } as Partial<Env> as Env;
  return { env, fire, now: () => now };
}

describe("scheduleExpiry", () => {
  it("waits for an access token that outlives the longest delay of a timer", () => {
    const { env, fire, now } = timers();
    const calls: number[] = [];
    const timer = createRefreshTimer(
      env,
      () => true,
      () => calls.push(now()),
    );
    timer.schedule(60 * DAY);
    timer.scheduleExpiry();
    for (let fired = 0; fired < 9; fired++) fire();
    expect(calls).toEqual([60 * DAY * 1_000]);
  });

  it("calls nothing if it is cleared between two delays", () => {
    const { env, fire } = timers();
    const calls: string[] = [];
    const timer = createRefreshTimer(
      env,
      () => true,
      () => calls.push("due"),
    );
    timer.schedule(60 * DAY);
    timer.scheduleExpiry();
    fire();
    timer.clear();
    for (let fired = 0; fired < 9; fired++) fire();
    expect(calls).toEqual([]);
  });
});

describe("refreshAfter", () => {
  it.each([
    [600, 0, 360_000],
    [600, 1, 450_000],
    [30, 0.5, 20_250],
    [0, 0, 1_000],
    [1, 1, 1_000],
    [10 ** 9, 0, 2 ** 31 - 1],
  ])("for %d seconds and the random number %d is %d ms", (expiresIn, random, wait) => {
    expect(refreshAfter(expiresIn, random)).toBeCloseTo(wait);
  });
});

describe("pauseAfter", () => {
  it.each([
    [1, 0, 1_000],
    [1, 1, 2_000],
    [2, 1, 4_000],
    [5, 1, 32_000],
    [6, 1, 60_000],
    [6, 0, 30_000],
    [2_000, 1, 60_000],
  ])("for %d failures and the random number %d is %d ms", (failures, random, wait) => {
    expect(pauseAfter(failures, random)).toBe(wait);
  });
});
