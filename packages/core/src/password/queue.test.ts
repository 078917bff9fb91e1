import { describe, expect, it } from "vitest";
import { createQueue } from "./queue.ts";

interface Job {
  readonly work: () => Promise<string>;
  readonly finish: (error?: Error) => void;
}

function job(name: string, started: string[]): Job {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return {
    work: () => {
      started.push(name);
      return promise;
    },
    finish: (error) => (error === undefined ? resolve(name) : reject(error)),
  };
}

describe("the queue", () => {
  it("runs at most so many at once, the rest in order of arrival", async () => {
    const started: string[] = [];
    const queue = createQueue(2);
    const jobs = ["a", "b", "c", "d", "e"].map((name) => job(name, started));
    const results = jobs.map(({ work }) => queue(work));
    await settle();
    expect(started).toEqual(["a", "b"]);

    jobs[1]?.finish();
    await settle();
    expect(started).toEqual(["a", "b", "c"]);

    for (const { finish } of jobs) finish();
    expect(await Promise.all(results)).toEqual(["a", "b", "c", "d", "e"]);
    expect(started).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("frees the place of work that fails", async () => {
    const started: string[] = [];
    const queue = createQueue(1);
    const [first, second] = [job("a", started), job("b", started)];
    const failing = queue(first.work);
    const waiting = queue(second.work);
    first.finish(new Error("broken"));
    second.finish();
    await expect(failing).rejects.toThrow("broken");
    expect(await waiting).toBe("b");
  });

  it("frees the place of work that throws before it waits", async () => {
    const queue = createQueue(1);
    const failing = queue(() => {
      throw new Error("broken");
    });
    await expect(failing).rejects.toThrow("broken");
    expect(await queue(async () => 1)).toBe(1);
  });

  it("never lets a newcomer overtake, nor more than the bound in", async () => {
    const queue = createQueue(3);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const one = (n: number): Promise<void> =>
      queue(async () => {
        running += 1;
        most = Math.max(most, running);
        order.push(n);
        await settle();
        running -= 1;
      });
    const all = Array.from({ length: 50 }, async (_, n) => {
      for (let turn = 0; turn < n % 7; turn++) await settle();
      await one(n);
    });
    await Promise.all(all);
    expect(most).toBe(3);
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });
});

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
