import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { fromBase64, isRecord, toBase64, utf8 } from "../platform/encoding.ts";
import { coreCount, type Env, threadPoolSize } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { type MembersOf, refuse } from "../platform/option-error.ts";
import type { Seconds } from "../platform/time.ts";
import type { LegacyHashes } from "./legacy-format.ts";

type Random = Env["random"];

/**
 * Turns passwords into strings that can be stored, and checks them. Bring your own to use another algorithm.
 *
 * Passwords arrive in NFC and well formed. No method may put a password into an error. Where too much waits already,
 * both throw an `AuthError` with the code `rate_limited` and `retryAfter`.
 */
export interface PasswordHasher {
  /** Hashes under a fresh salt from `random`. */
  hash(password: string, random: Random): Promise<string>;

  /**
   * Whether `stored` is a hash of `password`. Where it is null, malformed, of another algorithm or beyond the bounds
   * it is not run: the answer is `false`, after as much work as a current hash takes. A cheaper hash that does not
   * match takes that much too, so that the time of a refusal tells nothing about the account. Only `true` is a match;
   * anything but a boolean is `internal_error`.
   */
  verify(password: string, stored: string | null): Promise<boolean>;

  /** Whether a hash is weaker than those that `hash` makes now, or not one of this hasher's. */
  needsRehash(stored: string): boolean;

  /**
   * Whether `verify` can check a stored hash. Optional: without it, `auth.users.import` and `legacy` take a hash for one of this hasher's
   * if `needsRehash` is false.
   */
  isHash?(stored: string): boolean;
}

/** One slow key derivation, as data and functions over its cost. */
export interface Derivation<Cost> {
  readonly id: string;
  /** The cost of new hashes. */
  readonly cost: Cost;
  readonly bounds: QueueBounds;
  derive(password: Uint8Array, salt: Uint8Array, cost: Cost): Promise<Uint8Array>;
  /** Reads the cost from a stored hash; null where it is malformed, or more than this hasher agrees to run. */
  parse(parameters: Phc["parameters"]): Cost | null;
  format(cost: Cost): Phc["parameters"];
  /** What a refusal at a lower cost has yet to run. */
  missing(cost: Cost): readonly Cost[];
  isWeaker(cost: Cost): boolean;
}

export const KEY_LENGTH = 32;
const SALT_LENGTH = 16;
const MIN_SALT_LENGTH = 8;
const MAX_SALT_LENGTH = 64;

/** How long a queue of the default length takes to empty. */
const LONGEST_WAIT: Seconds = 5;
const MOST_WAITING = 1_000;
/** Half of the threads of Node, unless UV_THREADPOOL_SIZE says otherwise. Bun may have fewer. */
const DEFAULT_CONCURRENCY = 2;

/** Makes a hasher of PHC strings from a derivation. */
export function createHasher<Cost>(derivation: Derivation<Cost>): PasswordHasher {
  const { id, cost } = derivation;
  const queue = createQueue(derivation.bounds);
  const derive = (password: string, salt: Uint8Array, at: Cost): Promise<Uint8Array> =>
    derivation.derive(utf8(password), salt, at);

  function parse(stored: string): { readonly phc: Phc; readonly cost: Cost } | null {
    const phc = parsePhc(stored);
    if (phc === null || phc.id !== id || phc.key.length !== KEY_LENGTH) return null;
    if (phc.salt.length < MIN_SALT_LENGTH || phc.salt.length > MAX_SALT_LENGTH) return null;
    const found = derivation.parse(phc.parameters);
    return found === null ? null : { phc, cost: found };
  }

  async function verifyOne(password: string, stored: string | null): Promise<boolean> {
    const parsed = stored === null ? null : parse(stored);
    if (parsed === null) {
      await derive(password, new Uint8Array(SALT_LENGTH), cost);
      return false;
    }
    const { phc } = parsed;
    const key = await derive(password, phc.salt, parsed.cost);
    if (constantTimeEqual(key, phc.key)) return true;
    for (const missing of derivation.missing(parsed.cost)) await derive(password, phc.salt, missing);
    return false;
  }

  return {
    async hash(password, random) {
      const salt = random(SALT_LENGTH);
      const key = await queue(() => derive(password, salt, cost));
      return formatPhc({ id, parameters: derivation.format(cost), salt, key });
    },

    // One place in the queue for all of it: a refusal half-way would tell an old hash from none.
    verify: (password, stored) => queue(() => verifyOne(password, stored)),

    needsRehash(stored) {
      const parsed = parse(stored);
      return parsed === null || derivation.isWeaker(parsed.cost);
    },

    isHash: (stored) => parse(stored) !== null,
  };
}

/** What an application may say of a hasher's queue. */
export interface QueueOptions {
  /**
   * How many derivations run at once; the rest queues. Default 2, and 1 on one or two cores. On Node and Bun at most half of
   * the threads of their pool, because the signature checks of `validate` need the rest. Node has 4, Bun one for each core,
   * unless `UV_THREADPOOL_SIZE` says otherwise.
   */
  readonly concurrency?: number;
  /**
   * How many may wait; beyond it, `hash` and `verify` throw `rate_limited`. Default as many as are done within about 5
   * seconds, at most 1,000.
   */
  readonly queue?: number;
}

export const QUEUE_OPTIONS: MembersOf<QueueOptions> = { concurrency: null, queue: null };

/** What derivations share with the checks of signatures; null for what is not known. */
interface Processor {
  readonly threads: number | null;
  readonly cores: number | null;
}

const UNKNOWN: Processor = { threads: null, cores: null };

/**
 * Bounds the queue of a hasher of which one derivation takes about `each` seconds. `pooled` derivations run in the
 * thread pool of the runtime, others in the thread of JavaScript, one after the other.
 *
 * Throws a `TypeError` for an option out of bounds.
 */
export function queueBounds(
  name: string,
  { concurrency, queue }: QueueOptions,
  { each, pooled }: { readonly each: Seconds; readonly pooled: boolean },
  { threads, cores }: Processor = pooled ? { threads: threadPoolSize(), cores: coreCount() } : UNKNOWN,
): QueueBounds {
  const most = threads === null ? 1_024 : Math.max(1, Math.floor(threads / 2));
  const spared = Math.max(1, (cores ?? Number.POSITIVE_INFINITY) - 1);
  const running = concurrency ?? Math.min(DEFAULT_CONCURRENCY, most, spared);
  checkOption(`${name}: concurrency`, running, [1, 1_024]);
  if (running > most) {
    throw refuse(
      `${name}: concurrency`,
      running,
      `it must be at most half of the ${threads} threads that the runtime also checks signatures with: write at most ${most}, or start it with UV_THREADPOOL_SIZE=${2 * running}`,
    );
  }
  const perSecond = (pooled ? running : 1) / each;
  const waiting = queue ?? Math.min(Math.max(1, Math.round(LONGEST_WAIT * perSecond)), MOST_WAITING);
  checkOption(`${name}: queue`, waiting, [0, 100_000]);
  return { concurrency: running, waiting, retryAfter: Math.max(1, Math.ceil(waiting / perSecond)) };
}

/** Refuses an option that is no whole number within its bounds. */
export function checkOption(name: string, value: number, bounds: readonly [number, number]): void {
  const [least, most] = bounds;
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw refuse(name, value, `it must be a whole number from ${least} to ${most}`);
}

/** What a hasher must have: a method that is not listed is a type error. */
const METHODS: Readonly<Record<Exclude<keyof PasswordHasher, "isHash">, true>> = {
  hash: true,
  verify: true,
  needsRehash: true,
};

/** Refuses what is no hasher, by the first method that it lacks. */
export function checkHasher(option: string, hasher: unknown): void {
  if (!isRecord(hasher)) throw refuse(option, hasher, "it must be a PasswordHasher such as scryptHasher()");
  const missing = Object.keys(METHODS).find((name) => typeof hasher[name] !== "function");
  if (missing === undefined) return;
  throw new TypeError(`${option} has no ${missing}: pass a PasswordHasher such as scryptHasher()`);
}

const LEGACY_METHODS = ["isHash", "refusal", "verify"] as const;

/** Checks the option `legacy`. Throws a `TypeError` for a value that is no list of `LegacyHashes`. */
export function checkLegacy(legacy: unknown): void {
  const expected = "it must be a list such as [bcryptHashes()] of @latchkey/core/legacy-hashes";
  if (!Array.isArray(legacy)) throw refuse("password: legacy", legacy, expected);
  for (const format of legacy) {
    const isFormat = isRecord(format) && typeof format["name"] === "string";
    const missing = LEGACY_METHODS.find((name) => !isFormat || typeof format[name] !== "function");
    if (missing !== undefined) throw refuse("password: legacy", format, `${expected}, with ${missing}`);
  }
  const names = legacy.map(({ name }: LegacyHashes) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new TypeError(`password: legacy has ${twice} twice: remove one`);
}

/** Runs work, at most so many at once; the rest waits in order of arrival. Fails with `rate_limited` where it is full. */
export type Queue = <T>(work: () => Promise<T>) => Promise<T>;

export interface QueueBounds {
  /** How many pieces of work run at once. */
  readonly concurrency: number;
  /** How many may wait. */
  readonly waiting: number;
  /** When to try again after a refusal. */
  readonly retryAfter: Seconds;
}

/** Makes a fair queue. A failing piece of work rejects its own caller and frees its place. */
export function createQueue({ concurrency, waiting: most, retryAfter }: QueueBounds): Queue {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (work) => {
    if (running < concurrency) {
      running += 1;
    } else {
      // CWE-770: without an end, the last of a flood waits for minutes.
      if (waiting.length >= most) throw new AuthError("rate_limited", undefined, retryAfter);
      // The work that ends hands its place on, so that no later arrival can take it.
      await new Promise<void>((enter) => waiting.push(enter));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/**
 * A password hash with what is needed to check it, in the PHC string format: `$id$name=1,other=2$salt$key`. A version
 * is a part of the id: `argon2id$v=19`.
 */
export interface Phc {
  readonly id: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
}

const MAX_LENGTH = 256;
const FORM =
  /^\$([a-z0-9-]{1,32}(?:\$v=[0-9]{1,3})?)\$([a-z]{1,8}=[0-9]{1,10}(?:,[a-z]{1,8}=[0-9]{1,10}){0,3})\$([^$]+)\$([^$]+)$/;

/** Parses the one canonical form; null for anything else. */
export function parsePhc(text: string): Phc | null {
  const [, id, list, salt, key] = (text.length <= MAX_LENGTH && FORM.exec(text)) || [];
  if (id === undefined || list === undefined || salt === undefined || key === undefined) return null;
  const parameters = Object.fromEntries(
    list.split(",").map((pair) => {
      const [name = "", value = ""] = pair.split("=");
      return [name, Number(value)];
    }),
  );
  const saltBytes = fromBase64(salt);
  const keyBytes = fromBase64(key);
  if (saltBytes === null || keyBytes === null) return null;
  const phc = { id, parameters, salt: saltBytes, key: keyBytes };
  // Leading zeros, duplicate names and stray bits do not survive the way back.
  return formatPhc(phc) === text ? phc : null;
}

export function formatPhc({ id, parameters, salt, key }: Phc): string {
  const list = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `$${id}$${list.join(",")}$${unpadded(salt)}$${unpadded(key)}`;
}

function unpadded(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/=+$/, "");
}
