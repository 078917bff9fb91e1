import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { utf8 } from "../bytes.ts";
import type { Env } from "../env.ts";
import { formatPhc, type Phc, parsePhc } from "./phc.ts";
import { createQueue } from "./queue.ts";

type Random = Env["random"];

/**
 * Turns passwords into strings that can be stored, and checks them. Bring your own to use another algorithm.
 *
 * Passwords arrive in NFC and well formed. No method may put a password into an error.
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
}

/** One slow key derivation, as data and functions over its cost. */
export interface Derivation<Cost> {
  readonly id: string;
  /** The cost of new hashes. */
  readonly cost: Cost;
  readonly concurrency: number;
  derive(password: Uint8Array, salt: Uint8Array, cost: Cost): Promise<Uint8Array>;
  /** Reads the cost from a stored hash; null where it is malformed, or more than this hasher agrees to run. */
  parse(parameters: Phc["parameters"]): Cost | null;
  format(cost: Cost): Phc["parameters"];
  /** What a refusal at a lower cost has yet to run, or null where nothing is missing. */
  missing(cost: Cost): Cost | null;
  isWeaker(cost: Cost): boolean;
}

export const KEY_LENGTH = 32;
const SALT_LENGTH = 16;
const MIN_SALT_LENGTH = 8;
const MAX_SALT_LENGTH = 64;

/** Makes a hasher of PHC strings from a derivation. */
export function createHasher<Cost>(derivation: Derivation<Cost>): PasswordHasher {
  const { id, cost } = derivation;
  const queue = createQueue(derivation.concurrency);
  const derive = (password: string, salt: Uint8Array, at: Cost): Promise<Uint8Array> =>
    queue(() => derivation.derive(utf8(password), salt, at));

  function parse(stored: string): { readonly phc: Phc; readonly cost: Cost } | null {
    const phc = parsePhc(stored);
    if (phc === null || phc.id !== id || phc.key.length !== KEY_LENGTH) return null;
    if (phc.salt.length < MIN_SALT_LENGTH || phc.salt.length > MAX_SALT_LENGTH) return null;
    const found = derivation.parse(phc.parameters);
    return found === null ? null : { phc, cost: found };
  }

  return {
    async hash(password, random) {
      const salt = random(SALT_LENGTH);
      const key = await derive(password, salt, cost);
      return formatPhc({ id, parameters: derivation.format(cost), salt, key });
    },

    async verify(password, stored) {
      const parsed = stored === null ? null : parse(stored);
      if (parsed === null) {
        await derive(password, new Uint8Array(SALT_LENGTH), cost);
        return false;
      }
      const { phc } = parsed;
      const key = await derive(password, phc.salt, parsed.cost);
      if (constantTimeEqual(key, phc.key)) return true;
      const missing = derivation.missing(parsed.cost);
      if (missing !== null) await derive(password, phc.salt, missing);
      return false;
    },

    needsRehash(stored) {
      const parsed = parse(stored);
      return parsed === null || derivation.isWeaker(parsed.cost);
    },
  };
}

/** Refuses an option that is no whole number within its bounds. */
export function checkOption(name: string, value: number, bounds: readonly [number, number]): void {
  const [least, most] = bounds;
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new TypeError(`${name} is ${value}: write a whole number from ${least} to ${most}.`);
}
