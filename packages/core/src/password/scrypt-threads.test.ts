import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { describe, expect, it, vi } from "vitest";
import { nativeCrypto } from "../platform/env.ts";
import { scryptHasher } from "./scrypt.ts";

const run = promisify(execFile);
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const cost = { ln: 10, r: 8, p: 1 };

const PROGRAM = `
const { scryptHasher } = await import(${JSON.stringify(new URL("./scrypt.ts", import.meta.url).href)});
const hasher = scryptHasher({ cost: { ln: 10, r: 8, p: 1 } });
const stored = await hasher.hash("a password", (length) => crypto.getRandomValues(new Uint8Array(length)));
console.log(await hasher.verify("a password", stored), await hasher.verify("another", stored));
`;

async function printedBy(...flags: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [...flags, "--input-type=module", "--eval", PROGRAM]);
  return stdout.trim();
}

describe("scrypt in threads of its own", () => {
  it("makes the hashes of the pool, and reads them", async () => {
    const [threads, pool] = [scryptHasher({ cost }), scryptHasher({ cost, native: nativeCrypto() })];
    const [one, two] = [await threads.hash("a password", random), await pool.hash("a password", random)];
    expect([await pool.verify("a password", one), await threads.verify("a password", two)]).toEqual([
      true,
      true,
    ]);
    expect([await pool.verify("another", one), await threads.verify("another", two)]).toEqual([false, false]);
  });

  it("answers each of many calls by itself", async () => {
    const hasher = scryptHasher({ cost, queue: 100 });
    const words = Array.from({ length: 40 }, (_, n) => `password ${n}`);
    const stored = await Promise.all(words.map((word) => hasher.hash(word, random)));
    const checked = await Promise.all(stored.map((hash, n) => hasher.verify(`password ${n}`, hash)));
    expect(checked).toEqual(words.map(() => true));
  });

  it("starts another thread where one ended, idle or at work", async () => {
    const started: Worker[] = [];
    class Watched extends Worker {
      constructor(program: string, options: WorkerOptions) {
        super(program, options);
        started.push(this);
      }
    }
    const builtin = process.getBuiltinModule;
    vi.spyOn(process, "getBuiltinModule").mockImplementation((id: string) =>
      id === "node:worker_threads" ? { Worker: Watched } : builtin(id),
    );
    const hasher = scryptHasher({ cost });
    const stored = await hasher.hash("a password", random);
    await started[0]?.terminate();
    expect(await hasher.verify("a password", stored)).toBe(true);
    const interrupted = hasher.verify("a password", stored);
    await Promise.resolve();
    started[1]?.terminate();
    await expect(interrupted).rejects.toThrow("the thread of scrypt ended");
    expect(await hasher.verify("a password", stored)).toBe(true);
    expect(started).toHaveLength(3);
    vi.restoreAllMocks();
  });

  it("keeps the process alive while it hashes, and not after that", async () => {
    expect(await printedBy()).toBe("true false");
  });

  it("falls back to the pool where the process may not start a thread", async () => {
    expect(await printedBy("--permission", "--allow-fs-read=*", "--no-warnings")).toBe("true false");
  });
});
