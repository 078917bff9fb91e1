import { expect, it } from "vitest";
import { durationInstead, writtenDuration } from "./time.ts";

it.each([
  [0, "0"],
  [1, "seconds(1)"],
  [90, "seconds(90)"],
  [120, "minutes(2)"],
  [3_600, "hours(1)"],
  [5_400, "minutes(90)"],
  [86_400, "days(1)"],
  [1_209_600, "days(14)"],
  [-60, "-60"],
])("writes the duration %d as %s", (duration, expected) => {
  expect(writtenDuration(duration)).toBe(expected);
});

it.each<[unknown, string]>([
  ["15m", "minutes(15)"],
  ["14d", "days(14)"],
  ["2 hours", "hours(2)"],
  ["30s", "seconds(30)"],
  ["600", "seconds(600)"],
  ["1h30", "hours(1)"],
  ["soon", "minutes(15)"],
  ["9999999999", "seconds(999999999)"],
  [1.5, "minutes(15)"],
  [true, "minutes(15)"],
  [null, "minutes(15)"],
])("suggests for %j the text %s", (value, expected) => {
  expect(durationInstead(value)).toBe(`write seconds as a number, such as ${expected}`);
});
