import { expect, test } from "vitest";
import { localThrottle } from "./local.ts";

const START = 1_900_000_000;
const rule = { limit: 5, window: 900 };

test("a flood of keys deletes ended windows, then keys with one attempt, and keeps a counter that fills up", async () => {
  const throttle = localThrottle();
  const hit = (key: string, now: number) => throttle.hit([{ key, rule }], now);
  for (let n = 0; n < 5; n++) await hit("ann", START);
  await hit("once", START);
  for (let n = 0; n < 250_000; n++) await hit(`made up ${n}`, START + 1);
  expect((await hit("ann", START + 1)).allowed).toBe(false);
  for (let n = 0; n < 5; n++) expect((await hit("once", START + 1)).allowed).toBe(true);
});

test("a flood of keys with several attempts deletes the oldest", async () => {
  const throttle = localThrottle();
  const attempt = (key: string) => throttle.hit([{ key, rule: { limit: 2, window: 900 } }], START);
  for (let n = 0; n < 120_000; n++) {
    await attempt(`made up ${n}`);
    await attempt(`made up ${n}`);
  }
  expect((await attempt("made up 0")).allowed).toBe(true);
  expect((await attempt("made up 119999")).allowed).toBe(false);
});
