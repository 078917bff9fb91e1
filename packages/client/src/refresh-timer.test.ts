import { describe, expect, it } from "vitest";
import { pauseAfter, refreshAfter } from "./refresh-timer.ts";

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
