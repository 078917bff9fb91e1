import { describe, expect, it } from "vitest";
import { openTurns } from "./tabs.ts";

const refusing = { request: () => Promise.reject(new DOMException("no", "SecurityError")) };

describe.each([
  ["with Web Locks", navigator.locks],
  ["without", null],
  ["with Web Locks that refuse", refusing],
])("turns %s", (_, locks) => {
  const open = (): ReturnType<typeof openTurns> => openTurns(crypto.randomUUID(), locks);

  it("are taken one after the other", async () => {
    const turns = open();
    const seen: string[] = [];
    const take = (name: string): Promise<number> => {
      const run = (how: string) => async (): Promise<number> => {
        seen.push(`${name} ${how}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
        return seen.push(`${name} done`);
      };
      return turns.take(run("alone"), run("after"));
    };
    expect(await Promise.all([take("a"), take("b"), take("c")])).toEqual([2, 4, 6]);
    expect(seen).toEqual(["a alone", "a done", "b alone", "b done", "c alone", "c done"]);
  });

  it("go on after one that failed, and the failure is its own", async () => {
    const turns = open();
    const fail = (): Promise<never> => Promise.reject(new Error("mine"));
    const results = await Promise.allSettled([turns.take(fail, fail), turns.take(one, one)]);
    expect(results).toMatchObject([{ reason: { message: "mine" } }, { value: 1 }]);
  });
});

it("turns of two tabs exclude each other", async () => {
  const name = crypto.randomUUID();
  const [a, b] = [openTurns(name, navigator.locks), openTurns(name, navigator.locks)];
  const gate = Promise.withResolvers<void>();
  const first = a.take(
    () => gate.promise.then(() => "alone"),
    () => Promise.resolve("after"),
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = b.take(
    () => Promise.resolve("alone"),
    () => Promise.resolve("after"),
  );
  gate.resolve();
  expect(await Promise.all([first, second])).toEqual(["alone", "after"]);
});

function one(): Promise<number> {
  return Promise.resolve(1);
}
