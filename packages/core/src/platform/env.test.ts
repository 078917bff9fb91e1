import { expect, it } from "vitest";
import { attempts } from "./env.ts";

it("a decision is repeated at once, and then after a pause", async () => {
  const order: string[] = [];
  setTimeout(() => order.push("timer"), 0);
  for await (const _ of attempts()) {
    order.push("attempt");
    if (order.length === 4) break;
  }
  expect(order).toEqual(["attempt", "attempt", "timer", "attempt"]);
});

it("a decision is repeated eight times at most", async () => {
  let count = 0;
  for await (const _ of attempts()) count++;
  expect(count).toBe(9);
});
