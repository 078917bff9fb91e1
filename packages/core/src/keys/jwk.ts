import { fromBase64url, isRecord, own } from "../platform/encoding.ts";
import { type AsymmetricAlgorithm, algorithmFacts } from "./algorithms.ts";

/** A private or public key (RFC 7517). */
export interface Jwk {
  readonly kty?: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly key_ops?: readonly string[];
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
  readonly d?: string;
  readonly p?: string;
  readonly q?: string;
  readonly dp?: string;
  readonly dq?: string;
  readonly qi?: string;
  readonly oth?: readonly object[];
  readonly ext?: boolean;
  readonly x5c?: readonly string[];
  readonly x5t?: string;
  readonly "x5t#S256"?: string;
  readonly x5u?: string;
}

/** A public key of a key set. */
export interface PublicJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg: AsymmetricAlgorithm;
  readonly use: "sig";
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** The members of an unchecked key. */
export type Members = Readonly<Record<string, unknown>>;

// RFC 7518 6.2.2, 6.3.2 and RFC 8037 2: every other member is private or describes the key.
const PUBLIC_MEMBERS = ["kty", "crv", "x", "y", "n", "e"] as const;
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi"] as const;

/** Copies the public members of a key by name, so that unknown members are dropped. */
export function publicJwk(jwk: Members, kid: string, alg: AsymmetricAlgorithm): PublicJwk {
  const kept: Record<string, string> = {};
  for (const member of PUBLIC_MEMBERS) {
    const value = jwk[member];
    if (typeof value === "string") kept[member] = value;
  }
  return { ...kept, kty: algorithmFacts[alg].kty, kid, alg, use: "sig" };
}

type KeyMember = (typeof PUBLIC_MEMBERS)[number] | (typeof PRIVATE_MEMBERS)[number];

/** The members with key material, without descriptions such as `key_ops`. */
export type PlainJwk = Partial<Record<KeyMember, string>> & { kty: string };

/** Copies the members with key material. */
export function plainJwk(jwk: Jwk): PlainJwk {
  const names = [...PUBLIC_MEMBERS, ...PRIVATE_MEMBERS].filter((name) => jwk[name] !== undefined);
  return { kty: "", ...Object.fromEntries(names.map((name) => [name, jwk[name]])) };
}

/** Lists the keys of a key set; empty for any other value. An entry that is not an object is skipped (RFC 7517 5). */
export function listedKeys(set: unknown): readonly Members[] {
  const listed = isRecord(set) ? own(set, "keys") : undefined;
  return Array.isArray(listed) ? listed.filter(isRecord) : [];
}

/** Whether a key says nothing against its use for signatures (RFC 7517 4.2 and 4.3). A private key proves nothing. */
export function mayVerify(jwk: Members): boolean {
  return isForSignatures(jwk) && allowsOne(jwk, ["verify"]) && !isPrivate(jwk);
}

/** Whether `use`, `key_ops` and `ext` are well-formed, and the key is not for encryption. */
export function isForSignatures(jwk: Members): boolean {
  const [use = "sig", operations = [], extractable = true] = ["use", "key_ops", "ext"].map((name) =>
    own(jwk, name),
  );
  const isDistinct = Array.isArray(operations) && new Set(operations).size === operations.length;
  return use === "sig" && isDistinct && typeof extractable === "boolean";
}

/** Whether `key_ops` has one of the operations; true without `key_ops`. */
export function allowsOne(jwk: Members, needed: readonly string[]): boolean {
  const operations = own(jwk, "key_ops");
  return (
    operations === undefined ||
    (Array.isArray(operations) && needed.some((name) => operations.includes(name)))
  );
}

/** Whether a key has a private member. */
export function isPrivate(jwk: Members): boolean {
  return PRIVATE_MEMBERS.some((name) => own(jwk, name) !== undefined);
}

/** The members of a key that are numbers in base64url. They are not checked. */
export interface KeyNumbers {
  readonly crv?: unknown;
  readonly x?: unknown;
  readonly y?: unknown;
  readonly n?: unknown;
  readonly e?: unknown;
  readonly d?: unknown;
  readonly p?: unknown;
  readonly q?: unknown;
  readonly dp?: unknown;
  readonly dq?: unknown;
  readonly qi?: unknown;
}

const MIN_MODULUS_BITS = 2_048;

/**
 * Describes the fault of the modulus or the exponent of an RSA key; null if both are valid. Not every platform refuses a
 * short modulus, or an exponent of 1, with which every signature is valid (RFC 8725 3.4, RFC 8017 3.1).
 */
export function faultOfRsa({ n, e }: KeyNumbers): string | null {
  const [modulus, exponent] = [withoutZeros(n), withoutZeros(e)];
  if (bitsOf(modulus) < MIN_MODULUS_BITS) return `has less than ${MIN_MODULUS_BITS} bits`;
  if (!isOdd(modulus)) return "has an even modulus";
  if (bitsOf(exponent) < 2 || !isOdd(exponent)) return "has an exponent that is even, or below 3";
  return isRoca(modulus) ? "can be factored, because of CVE-2017-15361 (ROCA): generate another" : null;
}

// The primes up to 167 of which the powers of 65537 are not all the residues. A random modulus passes for one of ROCA in one
// of 2^27 cases.
const ROCA_PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/**
 * Whether a modulus is one of those that the library of CVE-2017-15361 generates. Its primes are powers of 65537 modulo
 * many small primes, so the modulus is one too.
 */
function isRoca(modulus: Uint8Array): boolean {
  return ROCA_PRIMES.every((prime) => isPowerOfExponent(remainder(modulus, prime), prime));
}

function isPowerOfExponent(residue: number, prime: number): boolean {
  let power = 1;
  do {
    if (power === residue) return true;
    power = (power * 65_537) % prime;
  } while (power !== 1);
  return false;
}

function remainder(number: Uint8Array, divisor: number): number {
  return number.reduce((rest, byte) => (rest * 256 + byte) % divisor, 0);
}

// RFC 7518 2, Base64urlUInt. Leading zeros, which are not allowed, are removed.
function withoutZeros(text: unknown): Uint8Array {
  const bytes = bytesOf(text) ?? new Uint8Array();
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? bytes.length : first);
}

function isOdd(number: Uint8Array): boolean {
  return (number.at(-1) ?? 0) % 2 === 1;
}

function bitsOf(number: Uint8Array): number {
  const [first] = number;
  return first === undefined ? 0 : number.length * 8 + 24 - Math.clz32(first);
}

/** The bytes of a member in base64url; null for any other value. */
export function bytesOf(text: unknown): Uint8Array | null {
  return typeof text === "string" ? fromBase64url(text) : null;
}
