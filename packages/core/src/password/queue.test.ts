import { describe, expect, it } from "vitest";
import { createQueue } from "./hasher.ts";

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

describe("the queue of the password hasher", () => {
  it("runs a limited number at once, and the rest in order of arrival", async () => {
    const started: string[] = [];
    const queue = createQueue({ concurrency: 2, waiting: 100, retryAfter: 7 });
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

  it("frees a place when its work fails", async () => {
    const started: string[] = [];
    const queue = createQueue({ concurrency: 1, waiting: 100, retryAfter: 7 });
    const [first, second] = [job("a", started), job("b", started)];
    const failing = queue(first.work);
    const waiting = queue(second.work);
    first.finish(new Error("broken"));
    second.finish();
    await expect(failing).rejects.toThrow("broken");
    expect(await waiting).toBe("b");
  });

  it("frees a place when its work throws synchronously", async () => {
    const queue = createQueue({ concurrency: 1, waiting: 100, retryAfter: 7 });
    const failing = queue(() => {
      throw new Error("broken");
    });
    await expect(failing).rejects.toThrow("broken");
    expect(await queue(async () => 1)).toBe(1);
  });

  it("refuses work while it is full, and accepts work again once a place is free", async () => {
    const started: string[] = [];
    const queue = createQueue({ concurrency: 1, waiting: 2, retryAfter: 7 });
    const jobs = ["a", "b", "c"].map((name) => job(name, started));
    const results = jobs.map(({ work }) => queue(work));
    const refused = { code: "rate_limited", retryAfter: 7 };
    await expect(queue(async () => "d")).rejects.toMatchObject(refused);
    await settle();
    expect(started).toEqual(["a"]);
    jobs[0]?.finish();
    await settle();
    const late = queue(async () => "e");
    await expect(queue(async () => "f")).rejects.toMatchObject(refused);
    for (const { finish } of jobs) finish();
    expect(await Promise.all([...results, late])).toEqual(["a", "b", "c", "e"]);
  });

  it("refuses work at once where its length is 0", async () => {
    const queue = createQueue({ concurrency: 1, waiting: 0, retryAfter: 1 });
    const first = job("a", []);
    const running = queue(first.work);
    await expect(queue(async () => "b")).rejects.toMatchObject({ code: "rate_limited" });
    first.finish();
    expect(await running).toBe("a");
    expect(await queue(async () => "c")).toBe("c");
  });

  it("never runs later work before earlier work, nor more than the limit", async () => {
    const queue = createQueue({ concurrency: 3, waiting: 100, retryAfter: 7 });
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
