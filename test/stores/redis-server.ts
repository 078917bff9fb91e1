import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { describe, test } from "vitest";

/** A Redis server that this run started. */
export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  start(): Promise<void>;
  /** Stops it as a power cut would; what it had on disk stays. */
  kill(): Promise<void>;
  /** Suspends it, or resumes it. */
  hang(isHanging: boolean): void;
  /** Ends it and deletes its files. */
  remove(): Promise<void>;
}

const given = process.env["REDIS_URL"];
const MISSING = "there is no redis-server here: run `apt-get install redis-server`";

function canStart(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Declares tests that need Redis: the server of `REDIS_URL`, or one that can be started. */
export function describeRedis(name: string, body: () => void): void {
  declare(name, given !== undefined || canStart(), body);
}

/** Declares tests that need a server of their own, to stop it, or to make it a cluster. */
export function describeOwnRedis(name: string, body: () => void): void {
  declare(name, canStart(), body);
}

function declare(name: string, isPossible: boolean, body: () => void): void {
  if (isPossible) {
    describe(name, body);
    return;
  }
  test(name, (context) => {
    if (process.env["CI"] === "true") throw new Error(MISSING);
    context.skip(MISSING);
  });
}

/** Uses the server of `REDIS_URL`, or starts one. `stop` leaves no key behind that begins with `prefix`. */
export async function startRedis(prefix: string): Promise<{ url: string; stop: () => Promise<void> }> {
  if (given !== undefined) return { url: given, stop: () => clear(given, prefix) };
  const own = await ownRedis();
  await own.start();
  return { url: own.url, stop: own.remove };
}

/** A server with files of its own, made and not started. */
export async function ownRedis(...options: readonly string[]): Promise<OwnRedis> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-redis-"));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let running: ChildProcess | null = null;
  const kill = async (): Promise<void> => {
    const stopped = running;
    running = null;
    if (stopped === null) return;
    const gone = new Promise((resolve) => stopped.once("exit", resolve));
    stopped.kill("SIGKILL");
    await gone;
  };
  return {
    url,
    port,
    kill,
    hang: (isHanging) => void running?.kill(isHanging ? "SIGSTOP" : "SIGCONT"),
    start: async () => {
      const place = ["--bind", "127.0.0.1", "--port", String(port), "--dir", directory, "--save", ""];
      running = spawn("redis-server", [...place, ...options], { stdio: "ignore" });
      await answering(url);
    },
    remove: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answering(url: string): Promise<void> {
  for (let attempt = 0; attempt < 2_000; attempt++) {
    const client = createClient({ url, socket: { reconnectStrategy: false } }).on("error", () => undefined);
    try {
      await client.connect();
      await client.ping();
      client.destroy();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error("redis-server does not answer");
}

async function clear(url: string, prefix: string): Promise<void> {
  const client = await createClient({ url }).connect();
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
    if (keys.length > 0) await client.unlink(keys);
  }
  await client.close();
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
