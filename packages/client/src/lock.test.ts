import { describe, expect, it } from "vitest";
import { createLock, type Lock } from "./lock.ts";

const rejecting = { request: () => Promise.reject(new DOMException("no", "SecurityError")) };

describe.each([
  ["with Web Locks", navigator.locks],
  ["without Web Locks", null],
  ["with Web Locks that reject", rejecting],
])("a lock %s", (_, locks) => {
  const open = (): Lock => createLock(crypto.randomUUID(), locks);

  it("runs one task after the other", async () => {
    const lock = open();
    const seen: string[] = [];
    const start = (name: string): Promise<number> => {
      const task = (how: string) => async (): Promise<number> => {
        seen.push(`${name} ${how}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
        return seen.push(`${name} done`);
      };
      return lock.run(task("at once"), task("after another tab"));
    };
    expect(await Promise.all([start("a"), start("b"), start("c")])).toEqual([2, 4, 6]);
    expect(seen).toEqual(["a at once", "a done", "b at once", "b done", "c at once", "c done"]);
  });

  it("runs the next task after one that failed, and rejects for that one only", async () => {
    const lock = open();
    const fail = (): Promise<never> => Promise.reject(new Error("mine"));
    const results = await Promise.allSettled([lock.run(fail, fail), lock.run(one, one)]);
    expect(results).toMatchObject([{ reason: { message: "mine" } }, { value: 1 }]);
  });
});

it("the locks of two tabs exclude each other", async () => {
  const name = crypto.randomUUID();
  const [a, b] = [createLock(name, navigator.locks), createLock(name, navigator.locks)];
  const gate = Promise.withResolvers<void>();
  const first = a.run(
    () => gate.promise.then(() => "at once"),
    () => Promise.resolve("after another tab"),
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = b.run(
    () => Promise.resolve("at once"),
    () => Promise.resolve("after another tab"),
  );
  gate.resolve();
  expect(await Promise.all([first, second])).toEqual(["at once", "after another tab"]);
});

function one(): Promise<number> {
  return Promise.resolve(1);
}
