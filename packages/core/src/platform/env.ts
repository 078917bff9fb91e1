import type { EpochSeconds, Seconds } from "./time.ts";

/** The sources of time, randomness and network. Tests replace them; the defaults are the platform's. */
export interface Env {
  /** Milliseconds since 1970-01-01T00:00:00Z, like `Date.now`. Default that. */
  readonly clock: () => number;
  /** Returns that many bytes from a cryptographically secure generator. Default that of the platform. */
  readonly random: (length: number) => Uint8Array;
  /** Sends the requests to providers and to key sets. Default the global `fetch`. */
  readonly fetch: typeof fetch;
}

export const platformEnv: Env = {
  clock: () => Date.now(),
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  fetch: (input, init) => fetch(input, init),
};

/** The given functions, and those of the platform for the others. None gets a `this`: `fetch` of the platform refuses it. */
export function envOf(given: Partial<Env> = {}): Env {
  const { clock = platformEnv.clock, random = platformEnv.random, fetch = platformEnv.fetch } = given;
  return { clock: clock.bind(undefined), random: random.bind(undefined), fetch: fetch.bind(undefined) };
}

/** Returns the time in whole seconds, the unit of rows and tokens. */
export function now(env: Pick<Env, "clock">): EpochSeconds {
  return Math.floor(env.clock() / 1_000);
}

/** Writes a time for people, such as `2026-03-01 09:30 UTC`. */
export function utcTime(at: EpochSeconds): string {
  return `${new Date(at * 1_000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Returns a time that no change of the clock moves, in seconds and their fractions. It is for the difference of two calls. */
export function monotonicSeconds(): number {
  return performance.now() / 1_000;
}

/** Reads a date of HTTP, such as that of a cookie, in milliseconds; NaN for any other text. */
export function timeOfDate(text: string): number {
  return new Date(text).getTime();
}

/** Returns the result of `work`, or rejects with `late()` after `limit` seconds. It does not stop the work. */
export function withTimeout<T>(work: Promise<T>, limit: Seconds, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), limit * 1_000);
    Promise.resolve(work).then(
      (result) => {
        clearTimeout(timer);
        resolve(result);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Runs work in the next turn of the event loop, so that its synchronous part delays nothing that is under way now. */
export async function inNextTurn(work: () => Promise<void>): Promise<void> {
  await pause(0);
  return work();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The pause before each attempt, in milliseconds. */
const PAUSES = [0, 0, 5, 10, 20, 40, 80, 160, 320];

/**
 * Yields before each attempt at a decision that fails if a concurrent request was first. The second attempt follows at once. Each
 * later one comes after a pause that is twice as long, 635 milliseconds in all: a store may refuse an identifier or an account for
 * another request before it finds the user of that request. After the last attempt, the caller fails with `store_unavailable`.
 */
export async function* attempts(): AsyncGenerator<void> {
  for (const milliseconds of PAUSES) {
    if (milliseconds > 0) await pause(milliseconds);
    yield;
  }
}

/**
 * Whether the platform stops pending work when the request that started it ends, as on Cloudflare Workers. Another request
 * that waits for this work would then wait for ever.
 */
export function endsWithRequest(): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers";
}

/** Work that concurrent callers share. If work ends with its request, each caller runs its own. */
export interface SharedRun<T> {
  readonly run: () => Promise<T>;
  readonly isUnderWay: () => boolean;
}

export function shareRun<T>(work: () => Promise<T>): SharedRun<T> {
  let underWay: Promise<T> | null = null;
  return {
    run: () => {
      if (endsWithRequest()) return work();
      underWay ??= work().finally(() => {
        underWay = null;
      });
      return underWay;
    },
    isUnderWay: () => underWay !== null,
  };
}

/** What is loaded at its first use. */
export interface LateLoad<T> {
  /** Null until it is loaded. */
  readonly known: () => T | null;
  /** Loads it if it is not loaded. Fails if that fails; the next call then tries again. */
  readonly get: () => Promise<T>;
}

export function loadLate<T>(load: () => Promise<T>): LateLoad<T> {
  let loaded: T | null = null;
  const { run } = shareRun(async () => {
    const made = await load();
    loaded ??= made;
    return loaded;
  });
  return { known: () => loaded, get: async () => loaded ?? run() };
}

/** Writes a warning for the developer. It must not hold data of a request, unless it was cleaned. */
export function warn(message: string): void {
  console.warn(`latchkey: ${message}`);
}

/** Writes a fault of the server for the developer, with its stack and its causes. */
export function logError(
  error: unknown,
  { operation, requestId }: { readonly operation: string; readonly requestId: string | null },
): void {
  const request = requestId === null ? "" : ` in request ${requestId}`;
  console.error(`latchkey: ${operation} failed${request}:`, error);
}

/** The parts of `node:crypto` that Latchkey uses if the runtime has it. */
export interface NativeCrypto {
  scrypt(
    password: Uint8Array,
    salt: Uint8Array,
    length: number,
    options: { N: number; r: number; p: number; maxmem: number },
    done: (error: Error | null | undefined, key: Uint8Array) => void,
  ): void;
}

/** Returns `node:crypto` if the runtime has it, without an import that a bundler would have to resolve. */
export function nativeCrypto(): NativeCrypto | null {
  const host = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } };
  const found = host.process?.getBuiltinModule?.("node:crypto");
  return isNativeCrypto(found) ? found : null;
}

/** Hashes with SHA-256 of `node:crypto`, in base64url. Null on a runtime without its one-shot digest. */
export function nativeSha256(bytes: Uint8Array): string | null {
  const found: object | null = nativeCrypto();
  return found !== null && hasHash(found) ? found.hash("sha256", bytes, "base64url") : null;
}

interface NativeHash {
  hash(algorithm: string, bytes: Uint8Array, encoding: string): string;
}

function hasHash(found: object): found is NativeHash {
  return "hash" in found && typeof found.hash === "function";
}

/** Argon2 of `node:crypto`. */
export interface NativeArgon2 {
  argon2(
    variant: string,
    parameters: {
      message: Uint8Array;
      nonce: Uint8Array;
      parallelism: number;
      tagLength: number;
      memory: number;
      passes: number;
    },
    done: (error: Error | null | undefined, key: Uint8Array) => void,
  ): void;
}

/** Returns `node:crypto` if it has Argon2, as from Node 24.7 on. */
export function nativeArgon2(): NativeArgon2 | null {
  const found: object | null = nativeCrypto();
  return found !== null && hasArgon2(found) ? found : null;
}

function hasArgon2(found: object): found is NativeArgon2 {
  return "argon2" in found && typeof found.argon2 === "function";
}

/** The part of a thread of `node:worker_threads` that Latchkey uses. */
export interface NativeThread {
  postMessage(message: unknown): void;
  on(event: "message" | "error" | "exit", listen: (value: unknown) => void): unknown;
  /** The process stays alive for the thread. */
  ref(): unknown;
  unref(): unknown;
}

type ThreadModule = { readonly Worker: new (program: string, options: object) => NativeThread };

/** Starts a thread of Node or Bun that runs a CommonJS program. Null on other runtimes, and if the process may not. */
export function startThread(program: string, name: string): NativeThread | null {
  const { process } = globalThis as {
    process?: { versions?: Record<string, string>; getBuiltinModule?: (id: string) => unknown };
  };
  const versions = process?.versions ?? {};
  if (versions["node"] === undefined || "deno" in versions) return null;
  const threads = process?.getBuiltinModule?.("node:worker_threads") as ThreadModule | undefined;
  if (threads === undefined) return null;
  try {
    // Nothing of the process is passed on: neither its environment nor its loaders.
    return new threads.Worker(program, { eval: true, name, env: {}, execArgv: [] });
  } catch {
    return null;
  }
}

function isNativeCrypto(value: unknown): value is NativeCrypto {
  return (
    typeof value === "object" && value !== null && "scrypt" in value && typeof value.scrypt === "function"
  );
}

/** The number of processor cores. Null if the runtime does not expose it. */
export function coreCount(): number | null {
  const { navigator: host } = globalThis as { navigator?: { hardwareConcurrency?: unknown } };
  return typeof host?.hardwareConcurrency === "number" ? host.hardwareConcurrency : null;
}

/**
 * The number of threads that Node and Bun use for scrypt, PBKDF2 and the signature checks of Web Crypto. Null if the
 * runtime has no such pool, or does not expose its size.
 */
export function threadPoolSize(): number | null {
  const { process } = globalThis as {
    process?: { versions?: Record<string, string>; env?: Record<string, string | undefined> };
  };
  const versions = process?.versions ?? {};
  // Bun and Deno also report a version of Node, and Deno needs a permission to read the environment.
  if (versions["node"] === undefined || "deno" in versions) return null;
  // Bun has a thread for each core, and two at least.
  const usual = "bun" in versions ? Math.max(2, coreCount() ?? 2) : 4;
  const asked = process?.env?.["UV_THREADPOOL_SIZE"];
  return asked === undefined ? usual : Math.max(1, Number.parseInt(asked, 10) || 0);
}

/**
 * Returns a value unchanged, and passes rejections of promises in it to `rejected`, which ignores them by default. It does
 * not await them, and runs no query.
 */
export function withRejectionsIgnored(
  value: unknown,
  rejected: (reason: unknown) => void = () => undefined,
): unknown {
  handleRejection(value, rejected);
  if (typeof value === "object" && value !== null)
    for (const member of Object.values(value)) handleRejection(member, rejected);
  return value;
}

// Calling `then` of a query builder runs the query, so only promises are handled. They have this tag in every realm.
function handleRejection(value: unknown, rejected: (reason: unknown) => void): void {
  if (Object.prototype.toString.call(value) !== "[object Promise]") return;
  try {
    (value as Promise<unknown>).then(undefined, rejected);
  } catch {
    // A `then` that throws, or a forged tag, leaves nothing to handle.
  }
}
