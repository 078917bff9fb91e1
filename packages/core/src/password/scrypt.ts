import { isRecord } from "../platform/encoding.ts";
import {
  endsWithRequest,
  type NativeCrypto,
  type NativeThread,
  nativeCrypto,
  startThread,
} from "../platform/env.ts";
import { checkMembers, type MembersOf } from "../platform/option-error.ts";
import {
  createHasher,
  KEY_LENGTH,
  type PasswordHasher,
  QUEUE_OPTIONS,
  type QueueOptions,
  queueBounds,
} from "./hasher.ts";

/** The cost of scrypt (RFC 7914 section 2): N = 2^ln, the block size r, the passes p. */
export interface ScryptCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** What `scryptHasher` takes. */
export interface ScryptOptions extends QueueOptions {
  /** Default `{ ln: 15, r: 8, p: 3 }`: 32 MiB and about 200 ms each. */
  readonly cost?: ScryptCost;
  /** Default `node:crypto` where the runtime has it; null forces the portable implementation. */
  readonly native?: NativeCrypto | null;
}

const OPTIONS: MembersOf<ScryptOptions> = {
  ...QUEUE_OPTIONS,
  cost: { ln: null, r: null, p: null },
  native: null,
};

// OWASP Password Storage Cheat Sheet: one of its equivalent settings, and the one that fits a Worker of 128 MB twice.
const DEFAULT_COST: ScryptCost = { ln: 15, r: 8, p: 3 };
const MAX_MEMORY = 64 * 1_024 * 1_024;
// Ten times the default: more is no password check but an attack by a stored string.
const MAX_WORK = 10 * workOf(DEFAULT_COST);
// About what one derivation of the default cost takes.
const NATIVE_SECONDS = 0.2;
const PORTABLE_SECONDS = 0.5;

/**
 * Hashes passwords with scrypt: `$scrypt$ln=15,r=8,p=3$salt$key`.
 *
 * It uses `node:crypto` off the event loop where the runtime has it, on Node and Bun in threads of its own, and a portable
 * implementation elsewhere, which takes 0.3 to 0.7 s of CPU time. It refuses costs above 64 MiB. It verifies scrypt hashes only.
 *
 * Each hasher has a queue of its own, so pass one hasher to every `createAuth` of a process.
 *
 * Throws a `TypeError` for an option out of bounds.
 *
 * @example
 * password({ hasher: scryptHasher({ cost: { ln: 15, r: 8, p: 4 } }) });
 */
export function scryptHasher(options: ScryptOptions = {}): PasswordHasher {
  checkMembers("scryptHasher", options, OPTIONS);
  const cost = options.cost ?? DEFAULT_COST;
  const native = options.native === undefined ? threadedCrypto(nativeCrypto()) : options.native;
  if (!isAffordable(cost)) {
    const { ln, r, p } = cost;
    throw new TypeError(
      `scryptHasher: cost is { ln: ${ln}, r: ${r}, p: ${p} }, but it must be whole numbers that take at most 64 MiB: write a cost such as { ln: 15, r: 8, p: 3 }`,
    );
  }
  const each = (native === null ? PORTABLE_SECONDS : NATIVE_SECONDS) * (workOf(cost) / workOf(DEFAULT_COST));
  return createHasher<ScryptCost>({
    id: "scrypt",
    cost,
    bounds: queueBounds("scryptHasher", options, { each, pooled: native !== null }),
    derive: (password, salt, at) => scryptKey(password, salt, at, native),
    parse: parseCost,
    format: ({ ln, r, p }) => ({ ln, r, p }),
    missing: (stored) => costsOf(workOf(cost) - workOf(stored), cost),
    isWeaker: (stored) => workOf(stored) < workOf(cost) || memoryOf(stored) < memoryOf(cost),
  });
}

/** Derives a key of `length` bytes, by default 32. */
export async function scryptKey(
  password: Uint8Array,
  salt: Uint8Array,
  { ln, r, p, length = KEY_LENGTH }: ScryptCost & { readonly length?: number },
  native: NativeCrypto | null,
): Promise<Uint8Array> {
  const options = { N: 2 ** ln, r, p, maxmem: MAX_MEMORY };
  if (native === null) {
    const { scryptAsync } = await import("@noble/hashes/scrypt.js");
    // In one go where a request may end at a pause: it would keep its place in the queue for ever.
    const pauses = endsWithRequest() ? { asyncTick: Number.MAX_SAFE_INTEGER } : {};
    return scryptAsync(password, salt, { ...options, ...pauses, dkLen: length });
  }
  return new Promise((resolve, reject) => {
    // Node says null where there is no error, Bun undefined.
    native.scrypt(password, salt, length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

const THREAD_PROGRAM = `const { parentPort } = require("node:worker_threads");
const { scryptSync } = require("node:crypto");
parentPort.on("message", ({ password, salt, length, options }) => {
  try {
    parentPort.postMessage({ key: scryptSync(password, salt, length, options) });
  } catch (error) {
    parentPort.postMessage({ error });
  }
});`;

type Done = Parameters<NativeCrypto["scrypt"]>[4];

/** A thread that derives one key at a time. */
interface HashThread {
  hasEnded(): boolean;
  derive(message: object, done: Done): void;
}

/**
 * Derives keys in threads of their own, one for each derivation that runs at once. In the pool of the runtime, a signature check
 * of `validate` waits for a derivation. If no thread can be started, the pool derives.
 */
export function threadedCrypto(native: NativeCrypto | null): NativeCrypto | null {
  if (native === null) return null;
  const idle: HashThread[] = [];
  return {
    scrypt(...call) {
      const thread = takeIdle(idle) ?? hashThread();
      if (thread === null) return native.scrypt(...call);
      const [password, salt, length, options, done] = call;
      thread.derive({ password, salt, length, options }, (error, key) => {
        // A thread that failed has ended, or will.
        if (!error) idle.push(thread);
        done(error, key);
      });
    },
  };
}

function takeIdle(idle: HashThread[]): HashThread | null {
  const thread = idle.pop();
  if (thread === undefined) return null;
  return thread.hasEnded() ? takeIdle(idle) : thread;
}

function hashThread(): HashThread | null {
  const thread = startThread(THREAD_PROGRAM, "latchkey-scrypt");
  if (thread === null) return null;
  let pending: Done | null = null;
  let hasEnded = false;
  const finish = (error: Error | null, key: Uint8Array): void => {
    const done = pending;
    pending = null;
    thread.unref();
    done?.(error, key);
  };
  listen(thread, finish);
  thread.on("exit", () => {
    hasEnded = true;
  });
  thread.unref();
  return {
    hasEnded: () => hasEnded,
    derive(message, done) {
      pending = done;
      // A process that waits for a hash must not end.
      thread.ref();
      thread.postMessage(message);
    },
  };
}

const NO_KEY = new Uint8Array();

function listen(thread: NativeThread, finish: (error: Error | null, key: Uint8Array) => void): void {
  const failed = (error: unknown): void =>
    finish(error instanceof Error ? error : new Error("the thread of scrypt ended"), NO_KEY);
  thread.on("message", (answer) => {
    const key = isRecord(answer) ? answer["key"] : null;
    if (key instanceof Uint8Array) finish(null, key);
    else failed(isRecord(answer) ? answer["error"] : null);
  });
  thread.on("error", failed);
  thread.on("exit", failed);
}

function parseCost(parameters: Readonly<Record<string, number>>): ScryptCost | null {
  const { ln = 0, r = 0, p = 0 } = parameters;
  const isExact = Object.keys(parameters).join() === "ln,r,p";
  return isExact && isAffordable({ ln, r, p }) ? { ln, r, p } : null;
}

/** Whether a cost is within the bounds of memory and work. */
export function isAffordable(cost: ScryptCost): boolean {
  const { ln, r, p } = cost;
  const isWhole = [ln, r, p].every((n) => Number.isInteger(n) && n >= 1);
  // RFC 7914 2: N is less than 2^(128 r / 8).
  return isWhole && ln < 16 * r && memoryOf(cost) <= MAX_MEMORY && workOf(cost) <= MAX_WORK;
}

/** How much smaller than N the least derivation is, as a power of two: less work than that is left out. */
const FINENESS = 6;

/**
 * The derivations that run about as much work as a part of another cost, with N as large as possible: the same work takes less
 * time in less memory. Each is within the bounds of the other cost.
 */
export function costsOf(work: number, { ln, r }: ScryptCost): readonly ScryptCost[] {
  const costs: ScryptCost[] = [];
  let left = work / r;
  for (let at = ln; at > Math.max(0, ln - FINENESS); at--) {
    const p = Math.floor(left / 2 ** at);
    if (p >= 1) costs.push({ ln: at, r, p });
    left %= 2 ** at;
  }
  return costs;
}

function workOf({ ln, r, p }: ScryptCost): number {
  return 2 ** ln * r * p;
}

// What both implementations count: V, the blocks B, and two blocks of scratch.
function memoryOf({ ln, r, p }: ScryptCost): number {
  return 128 * r * (2 ** ln + p + 2);
}
