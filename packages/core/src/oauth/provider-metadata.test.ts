import { describe, expect, it } from "vitest";
import { platformEnv } from "../platform/env.ts";
import { type Cached, cached } from "./provider-metadata.ts";

describe("a value that is kept", () => {
  function open(load: () => Promise<number>): { readonly value: Cached<number>; at(seconds: number): void } {
    let now = 1_000;
    const env = { ...platformEnv, clock: () => now * 1_000 };
    return {
      value: cached(env, 60, load),
      at: (seconds) => {
        now = 1_000 + seconds;
      },
    };
  }

  it("is loaded once while it is fresh, also by calls at the same time", async () => {
    let loads = 0;
    const { value, at } = open(async () => ++loads);
    expect(value.kept()).toBeNull();
    expect(await Promise.all([value.get(), value.get()])).toEqual([1, 1]);
    at(59);
    expect([await value.get(), value.kept()]).toEqual([1, 1]);
    at(60);
    expect([value.kept(), await value.get()]).toEqual([null, 2]);
  });

  it("is too old for a clock that was set back", async () => {
    let loads = 0;
    const { value, at } = open(async () => ++loads);
    await value.get();
    at(-1);
    expect([value.kept(), await value.get()]).toEqual([null, 2]);
  });

  it("stays where a later load fails, and a failure is not kept", async () => {
    let loads = 0;
    const { value } = open(async () => {
      if (++loads !== 2) return loads;
      throw new Error("no answer");
    });
    await value.get();
    await expect(value.load()).rejects.toThrow("no answer");
    expect([value.kept(), await value.load()]).toEqual([1, 3]);
  });

  it("is loaded by one call at a time, which others can tell", async () => {
    const answer = Promise.withResolvers<number>();
    const { value } = open(() => answer.promise);
    const loading = [value.load(), value.load()];
    expect(value.isLoading()).toBe(true);
    answer.resolve(7);
    expect(await Promise.all(loading)).toEqual([7, 7]);
    expect(value.isLoading()).toBe(false);
  });
});
