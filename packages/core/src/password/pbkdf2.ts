import { checkMembers, type MembersOf } from "../platform/option-error.ts";
import {
  checkOption,
  createHasher,
  KEY_LENGTH,
  type PasswordHasher,
  QUEUE_OPTIONS,
  type QueueOptions,
  queueBounds,
} from "./hasher.ts";

/** What `pbkdf2Hasher` takes. */
export interface Pbkdf2Options extends QueueOptions {
  /** Default, and at most, 100,000: Cloudflare Workers refuse more. */
  readonly rounds?: number;
}

const OPTIONS: MembersOf<Pbkdf2Options> = { ...QUEUE_OPTIONS, rounds: null };
const MAX_ROUNDS = 100_000;
// About what 100,000 rounds take.
const SECONDS = 0.05;

/**
 * Hashes passwords with PBKDF2 and SHA-256 of Web Crypto: `$pbkdf2-sha256$i=100000$salt$key`.
 *
 * It is weaker than `scryptHasher`: it needs no memory to attack, and 100,000 rounds are a sixth of what OWASP asks
 * for. It is for the free plan of Cloudflare Workers, whose 10 ms of CPU time scrypt does not fit in. It verifies
 * hashes of its own kind only.
 *
 * Each hasher has a queue of its own, so pass one hasher to every `createAuth` of a process.
 *
 * Throws a `TypeError` for an option out of bounds, such as more than 100,000 rounds.
 *
 * @example
 * password({ hasher: pbkdf2Hasher() });
 */
export function pbkdf2Hasher(options: Pbkdf2Options = {}): PasswordHasher {
  checkMembers("pbkdf2Hasher", options, OPTIONS);
  const { rounds = MAX_ROUNDS } = options;
  checkOption("pbkdf2Hasher: rounds", rounds, [1, MAX_ROUNDS]);
  const each = SECONDS * (rounds / MAX_ROUNDS);
  return createHasher<number>({
    id: "pbkdf2-sha256",
    cost: rounds,
    bounds: queueBounds("pbkdf2Hasher", options, { each, pooled: true }),
    derive: pbkdf2Key,
    parse: parseRounds,
    format: (i) => ({ i }),
    missing: (stored) => (stored < rounds ? [rounds - stored] : []),
    isWeaker: (stored) => stored < rounds,
  });
}

async function pbkdf2Key(password: Uint8Array, salt: Uint8Array, rounds: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(password), "PBKDF2", false, ["deriveBits"]);
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(salt), iterations: rounds };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, KEY_LENGTH * 8));
}

function parseRounds(parameters: Readonly<Record<string, number>>): number | null {
  const { i = 0 } = parameters;
  const isExact = Object.keys(parameters).join() === "i";
  return isExact && i >= 1 && i <= MAX_ROUNDS ? i : null;
}
