import { describe, expect, it } from "vitest";
import { attempts, loadLate } from "./env.ts";

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

describe("loadLate", () => {
  it("loads once for concurrent callers, and keeps what it loaded", async () => {
    let loads = 0;
    const late = loadLate(async () => ({ load: ++loads }));
    expect(late.known()).toBeNull();
    const [one, other] = await Promise.all([late.get(), late.get()]);
    expect(one).toBe(other);
    expect(late.known()).toBe(one);
    expect(await late.get()).toBe(one);
    expect(loads).toBe(1);
  });

  it("fails for every caller of a load that fails, and tries again for the next", async () => {
    let loads = 0;
    const late = loadLate(async () => {
      loads += 1;
      if (loads === 1) throw new Error("no network");
      return loads;
    });
    const failed = await Promise.allSettled([late.get(), late.get()]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(late.known()).toBeNull();
    expect(await late.get()).toBe(2);
  });
});
