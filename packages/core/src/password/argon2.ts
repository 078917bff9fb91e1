import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { fromBase64, utf8 } from "../platform/encoding.ts";
import { type NativeArgon2, nativeArgon2 } from "../platform/env.ts";
import { checkMembers, type MembersOf } from "../platform/option-error.ts";
import {
  createHasher,
  KEY_LENGTH,
  type PasswordHasher,
  QUEUE_OPTIONS,
  type QueueOptions,
  queueBounds,
} from "./hasher.ts";
import {
  createLegacyHashes,
  type LegacyFormat,
  type LegacyHash,
  type LegacyHashes,
  type LegacyOptions,
} from "./legacy-format.ts";

/** The cost of Argon2 (RFC 9106 section 3.1). */
export interface Argon2Cost {
  /** In KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** What `argon2Hasher` takes. */
export interface Argon2Options extends QueueOptions {
  /** Default `{ memory: 19456, passes: 2, parallelism: 1 }`: 19 MiB. */
  readonly cost?: Argon2Cost;
}

const OPTIONS: MembersOf<Argon2Options> = {
  ...QUEUE_OPTIONS,
  cost: { memory: null, passes: null, parallelism: null },
};

// OWASP Password Storage Cheat Sheet.
const DEFAULT_COST: Argon2Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const MAX_MEMORY = 128 * 1_024;
const MAX_WORK = 512 * 1_024;
const MAX_PARALLELISM = 16;
// About what one derivation of the default cost takes.
const SECONDS = 0.05;

/** The three variants, by their names in PHC strings. */
type Variant = "argon2id" | "argon2i" | "argon2d";

/**
 * Hashes passwords with Argon2id (RFC 9106): `$argon2id$v=19$m=19456,t=2,p=1$salt$key`.
 *
 * It needs `argon2` of `node:crypto`, which Node has from 24.7 on, and Bun; hashes run in its thread pool. It verifies hashes of its own
 * kind with a salt of 8 to 64 bytes and a key of 32; `argon2Hashes` of `@latchkey/core/legacy-hashes` reads others.
 *
 * Each hasher has a queue of its own, so pass one hasher to every `createAuth` of a process.
 *
 * Throws a `TypeError` where the runtime has no Argon2, and for an option out of bounds: at most 128 MiB.
 *
 * @example
 * password({ hasher: argon2Hasher() });
 */
export function argon2Hasher(options: Argon2Options = {}): PasswordHasher {
  checkMembers("argon2Hasher", options, OPTIONS);
  const { cost = DEFAULT_COST } = options;
  checkCost(cost);
  const native = requireNative();
  const each = SECONDS * (workOf(cost) / workOf(DEFAULT_COST));
  return createHasher<Argon2Cost>({
    id: "argon2id$v=19",
    cost,
    bounds: queueBounds("argon2Hasher", options, { each, pooled: true }),
    derive: (password, salt, at) =>
      derive({ password, salt, length: KEY_LENGTH }, at, { variant: "argon2id", native }),
    parse({ m = 0, t = 0, p = 0, ...others }) {
      const found = { memory: m, passes: t, parallelism: p };
      return Object.keys(others).length === 0 && isAffordable(found) ? found : null;
    },
    format: (at) => ({ m: at.memory, t: at.passes, p: at.parallelism }),
    missing(stored) {
      const more = Math.round((workOf(cost) - workOf(stored)) / stored.memory);
      return more > 0 ? [{ ...stored, passes: more }] : [];
    },
    isWeaker: (stored) => workOf(stored) < workOf(cost) || stored.memory < cost.memory,
  });
}

function checkCost(cost: Argon2Cost): void {
  if (isAffordable(cost)) return;
  const { memory, passes, parallelism } = cost;
  throw new TypeError(
    `argon2Hasher: cost is { memory: ${memory}, passes: ${passes}, parallelism: ${parallelism} }, but it must be whole numbers, at most 128 MiB and memory × passes at most ${MAX_WORK}: write a cost such as { memory: 19456, passes: 2, parallelism: 1 }`,
  );
}

function requireNative(): NativeArgon2 {
  const native = nativeArgon2();
  if (native !== null) return native;
  throw new TypeError(
    "argon2Hasher: node:crypto of this runtime has no argon2, which Node has from 24.7 on: use scryptHasher()",
  );
}

const FORM =
  /^(?:argon2)?\$(argon2id|argon2i|argon2d)\$v=(\d{1,3})\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,5})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/**
 * Checks Argon2 hashes in the PHC form, `$argon2id$v=19$m=65536,t=3,p=4$salt$key`, also `argon2i` and `argon2d`, and those that
 * Django stores with `argon2` before it. Version 19 only, at most 128 MiB, and 16 lanes. `like` is by default
 * `$argon2id$v=19$m=65536,t=3,p=4`.
 *
 * Where `node:crypto` has no Argon2 it runs in the thread of JavaScript, and takes a second or more.
 *
 * @example
 * password({ legacy: [argon2Hashes()] });
 */
export function argon2Hashes(options: LegacyOptions = {}): LegacyHashes {
  const native = nativeArgon2();
  const like = `$argon2id$v=19$m=65536,t=3,p=4$${"A".repeat(22)}$${"A".repeat(43)}`;
  return createLegacyHashes({ name: "argon2Hashes", like, read: argon2Reader(native) }, options);
}

function argon2Reader(native: NativeArgon2 | null): LegacyFormat["read"] {
  return (stored) => {
    const [, name, version, m, t, p, saltText = "", keyText = ""] = FORM.exec(stored) ?? [];
    const variant = VARIANTS.find((known) => known === name);
    const salt = fromBase64(saltText);
    const key = fromBase64(keyText);
    if (variant === undefined || salt === null || key === null) return null;
    const cost = { memory: Number(m), passes: Number(t), parallelism: Number(p) };
    if (version !== "19") return `version ${version} of Argon2 is not run: only 19`;
    if (!isAffordable(cost))
      return `Argon2 at m=${m},t=${t},p=${p} is not run: at most 128 MiB, m × t at most ${MAX_WORK}, and p at most ${MAX_PARALLELISM}`;
    return argon2Hash({ salt, key, cost }, { variant, native });
  };
}

interface StoredArgon2 {
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
  readonly cost: Argon2Cost;
}

function argon2Hash({ salt, key, cost }: StoredArgon2, by: Implementation): LegacyHash {
  const keyAt = (password: string, at: Argon2Cost): Promise<Uint8Array> =>
    derive({ password: utf8(password), salt, length: key.length }, at, by);
  return {
    algorithm: "argon2",
    work: workOf(cost),
    matches: async (password) => constantTimeEqual(await keyAt(password, cost), key),
    spend: (password, work) => keyAt(password, costOf(work, cost)),
  };
}

const VARIANTS: readonly Variant[] = ["argon2id", "argon2i", "argon2d"];

interface Implementation {
  readonly variant: Variant;
  readonly native: NativeArgon2 | null;
}

interface Input {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly length: number;
}

async function derive(
  { password, salt, length }: Input,
  { memory, passes, parallelism }: Argon2Cost,
  { variant, native }: Implementation,
): Promise<Uint8Array> {
  if (native === null) {
    const portable = await import("@noble/hashes/argon2.js");
    return portable[`${variant}Async`](password, salt, {
      m: memory,
      t: passes,
      p: parallelism,
      dkLen: length,
    });
  }
  const parameters = { message: password, nonce: salt, parallelism, tagLength: length, memory, passes };
  return new Promise((resolve, reject) => {
    native.argon2(variant, parameters, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function isAffordable(cost: Argon2Cost): boolean {
  const { memory, passes, parallelism } = cost;
  const isWhole = [memory, passes, parallelism].every((n) => Number.isInteger(n) && n >= 1);
  const isBounded = memory <= MAX_MEMORY && workOf(cost) <= MAX_WORK && parallelism <= MAX_PARALLELISM;
  return isWhole && isBounded && memory >= 8 * parallelism;
}

/** A cost of about as much work as a part of another one. Its passes are those of the other, because memory divides more finely. */
export function costOf(work: number, { passes, parallelism }: Argon2Cost): Argon2Cost {
  return { memory: Math.max(8 * parallelism, Math.round(work / passes)), passes, parallelism };
}

function workOf({ memory, passes }: Argon2Cost): number {
  return memory * passes;
}
