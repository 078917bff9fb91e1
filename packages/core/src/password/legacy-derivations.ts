import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { utf8 } from "../platform/encoding.ts";
import { type NativeCrypto, nativeCrypto } from "../platform/env.ts";
import type { LegacyHash } from "./legacy-format.ts";
import { costsOf, isAffordable, type ScryptCost, scryptKey, threadedCrypto } from "./scrypt.ts";

const MAX_ROUNDS = 2_000_000;
const MIN_KEY = 16;
const MAX_KEY = 64;

/** The digests of PBKDF2, by the names of the formats, and the length of each. */
const DIGESTS = {
  sha1: { hash: "SHA-1", length: 20 },
  sha256: { hash: "SHA-256", length: 32 },
  sha512: { hash: "SHA-512", length: 64 },
} as const;

/** What a derived key is compared with. */
interface Stored {
  readonly salt: Uint8Array;
  /** Null if the text of it is malformed. */
  readonly key: Uint8Array | null;
}

type Digest = (typeof DIGESTS)[keyof typeof DIGESTS];

function digestOf(name: string): Digest | null {
  return Object.entries(DIGESTS).find(([known]) => known === name)?.[1] ?? null;
}

/** Reads a hash of PBKDF2. Null for a digest that no format has. */
export function pbkdf2Hash(name: string, rounds: number, { salt, key }: Stored): LegacyHash | string | null {
  const digest = digestOf(name);
  if (digest === null || key === null || key.length !== digest.length) return null;
  if (rounds < 1 || rounds > MAX_ROUNDS)
    return `${rounds} rounds of PBKDF2 are not run: at most ${MAX_ROUNDS}`;
  const derive = (password: string, count: number): Promise<Uint8Array> =>
    pbkdf2Key(utf8(password), salt, { digest, rounds: count });
  return {
    algorithm: "pbkdf2",
    work: rounds,
    matches: async (password) => constantTimeEqual(await derive(password, rounds), key),
    spend: derive,
  };
}

async function pbkdf2Key(
  password: Uint8Array<ArrayBuffer>,
  salt: Uint8Array,
  { digest, rounds }: { readonly digest: Digest; readonly rounds: number },
): Promise<Uint8Array> {
  const { hash, length } = digest;
  try {
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const algorithm = { name: "PBKDF2", hash, salt: new Uint8Array(salt), iterations: rounds };
    return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, length * 8));
  } catch {
    // Workers refuse more than 100,000 rounds.
    const { pbkdf2Async } = await import("@noble/hashes/pbkdf2.js");
    return pbkdf2Async(await nobleDigest(hash), password, salt, { c: rounds, dkLen: length });
  }
}

type NobleDigest = Parameters<typeof import("@noble/hashes/pbkdf2.js")["pbkdf2Async"]>[0];

async function nobleDigest(hash: Digest["hash"]): Promise<NobleDigest> {
  if (hash === "SHA-1") return (await import("@noble/hashes/legacy.js")).sha1;
  const { sha256, sha512 } = await import("@noble/hashes/sha2.js");
  return hash === "SHA-256" ? sha256 : sha512;
}

/** The cost of scrypt as older systems write it. */
export interface OldScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** Turns what scrypt derived into what is stored; null for the key itself. */
export type Finish = ((key: Uint8Array) => Promise<Uint8Array>) | null;

/** Reads a hash of scrypt. Null for a malformed key. */
export type ScryptReader = (
  cost: OldScryptCost,
  stored: Stored,
  finish?: Finish,
) => LegacyHash | string | null;

/** Makes a reader. The hashes of one reader share its threads. */
export function scryptReader(native: NativeCrypto | null = threadedCrypto(nativeCrypto())): ScryptReader {
  return (cost, stored, finish = null) => scryptHash(cost, stored, { finish, native });
}

function scryptHash(
  { N, r, p }: OldScryptCost,
  { salt, key }: Stored,
  { finish, native }: { readonly finish: Finish; readonly native: NativeCrypto | null },
): LegacyHash | string | null {
  if (key === null || key.length < MIN_KEY || key.length > MAX_KEY) return null;
  const cost = { ln: Math.log2(N), r, p };
  if (!isAffordable(cost))
    return `scrypt at N=${N}, r=${r}, p=${p} is not run: it takes too much, or N is no power of two below 2^(16 r)`;
  const length = finish === null ? key.length : MAX_KEY;
  const derive = (password: string, at: ScryptCost): Promise<Uint8Array> =>
    scryptKey(utf8(password), salt, { ...at, length }, native);
  return {
    algorithm: "scrypt",
    work: N * r * p,
    async matches(password) {
      const derived = await derive(password, cost);
      return constantTimeEqual(finish === null ? derived : await finish(derived), key);
    },
    async spend(password, work) {
      for (const at of costsOf(work, cost)) await derive(password, at);
    },
  };
}
