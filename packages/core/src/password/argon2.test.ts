import { expect, it, vi } from "vitest";
import { argon2Hashes } from "../legacy-hashes.ts";
import { argon2Hasher } from "../password.ts";
import { costOf } from "./argon2.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const cost = { memory: 256, passes: 2, parallelism: 1 };

it("argon2Hasher makes PHC strings that it and argon2Hashes verify", async () => {
  const hasher = argon2Hasher({ cost });
  const stored = await hasher.hash("a password", random);
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=256,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(await hasher.verify("a password", stored)).toBe(true);
  expect(await hasher.verify("another", stored)).toBe(false);
  expect(await hasher.verify("a password", stored.replace("t=2", "t=3"))).toBe(false);
  expect(await argon2Hashes({ like: stored }).verify("a password", stored)).toBe(true);
});

it("argon2Hasher asks for a new hash in place of a weaker one", async () => {
  const hasher = argon2Hasher({ cost: { ...cost, passes: 3 } });
  const weaker = await argon2Hasher({ cost }).hash("a password", random);
  expect([hasher.isHash?.(weaker), hasher.needsRehash(weaker)]).toEqual([true, true]);
  expect(await hasher.verify("a password", weaker)).toBe(true);
  expect(await hasher.verify("another", weaker)).toBe(false);
  expect(argon2Hasher({ cost }).needsRehash(weaker)).toBe(false);
  expect(argon2Hasher().isHash?.(weaker.replace("m=256", "m=9999999"))).toBe(false);
});

it("argon2Hasher refuses a runtime without Argon2, and a cost out of bounds", () => {
  expect(() => argon2Hasher({ cost: { ...cost, memory: 200_000 } })).toThrow("at most 128 MiB");
  takeArgon2Away();
  expect(() => argon2Hasher()).toThrow("use scryptHasher()");
  vi.restoreAllMocks();
});

it("argon2Hashes verifies in JavaScript where the runtime has no Argon2", async () => {
  const stored = await argon2Hasher({ cost }).hash("a password", random);
  takeArgon2Away();
  const portable = argon2Hashes({ like: stored });
  vi.restoreAllMocks();
  expect([await portable.verify("a password", stored), await portable.verify("x", stored)]).toEqual([
    true,
    false,
  ]);
});

/** A runtime whose `node:crypto` has no Argon2. */
function takeArgon2Away(): void {
  const { scrypt } = process.getBuiltinModule("node:crypto");
  vi.spyOn(process, "getBuiltinModule").mockImplementation(() => ({ scrypt }));
}

it("PWD-02 makes up for a part of the work of one pass by that part", () => {
  const like = { memory: 65_536, passes: 1, parallelism: 4 };
  for (const work of [1_024, 32_768, 46_000, 65_535])
    expect(costOf(work, like)).toEqual({ ...like, memory: work });
  // RFC 9106 3.1: 8 KiB for each lane at least.
  expect(costOf(1, like).memory).toBe(32);
  expect(costOf(98_304, { ...like, passes: 3 })).toEqual({ ...like, passes: 3, memory: 32_768 });
});
