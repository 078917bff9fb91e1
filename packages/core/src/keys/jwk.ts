import { base64url, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from "jose";
import { isBase64url, isRecord, own } from "../platform/encoding.ts";
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
  const [use = "sig", operations, extractable = true] = ["use", "key_ops", "ext"].map((name) =>
    own(jwk, name),
  );
  const isListed = operations === undefined || (isDistinct(operations) && operations.includes("verify"));
  return use === "sig" && isListed && typeof extractable === "boolean" && own(jwk, "d") === undefined;
}

function isDistinct(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && new Set(value).size === value.length;
}

const COORDINATE_BYTES = 32;
const MIN_MODULUS_BITS = 2_048;
/** 65537. A small exponent makes forgery possible, and libraries generate no other exponent. */
const EXPONENT = "AQAB";

/** Describes the fault of the numbers of a key; null if they are valid (RFC 8725 3.4). */
export function faultOfNumbers(jwk: Jwk, algorithm: AsymmetricAlgorithm): string | null {
  const { kty, crv } = algorithmFacts[algorithm];
  if (crv === null) {
    if (jwk.e !== EXPONENT) return `has an RSA key whose e is not ${EXPONENT}`;
    return isSoundRsa(jwk) ? null : `has an RSA key of less than ${MIN_MODULUS_BITS} bits`;
  }
  if (jwk.crv !== crv) return `has a key on another curve than ${crv}`;
  const coordinates = kty === "EC" ? (["x", "y"] as const) : (["x"] as const);
  const isLong = coordinates.every((name) => bytesOf(jwk[name])?.length === COORDINATE_BYTES);
  return isLong ? null : "has a coordinate of a wrong length";
}

/** Whether a private key has the length of its curve. */
export function isWholePrivateKey({ d }: Jwk, algorithm: AsymmetricAlgorithm): boolean {
  return algorithmFacts[algorithm].crv === null || bytesOf(d)?.length === COORDINATE_BYTES;
}

/**
 * Whether the modulus and the exponent of an RSA key are valid. Not every platform refuses a short modulus, or an exponent
 * of 1, with which every signature is valid (RFC 8725 3.4, RFC 8017 3.1).
 */
export function isSoundRsa({ n, e }: Jwk): boolean {
  const [modulus, exponent] = [numberOf(n), numberOf(e)];
  const isOdd = (exponent.at(-1) ?? 0) % 2 === 1;
  return bitsOf(modulus) >= MIN_MODULUS_BITS && bitsOf(exponent) > 1 && isOdd;
}

// RFC 7518 2, Base64urlUInt. Leading zeros, which are not allowed, are removed.
function numberOf(text: unknown): Uint8Array {
  const bytes = bytesOf(text) ?? new Uint8Array();
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? bytes.length : first);
}

function bitsOf(number: Uint8Array): number {
  const [first] = number;
  return first === undefined ? 0 : number.length * 8 + 24 - Math.clz32(first);
}

function bytesOf(text: unknown): Uint8Array | null {
  return typeof text === "string" && isBase64url(text) ? base64url.decode(text) : null;
}

/** Generates a private key. */
export async function generateKey(algorithm: AsymmetricAlgorithm): Promise<Jwk> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return plainJwk(await exportJWK(privateKey));
}

/** Imports a key for one algorithm: a private one signs, a public one verifies. Fails for a key of another algorithm. */
export async function importKey(jwk: Jwk, algorithm: AsymmetricAlgorithm): Promise<CryptoKey> {
  if (jwk.kty === "RSA" && !isSoundRsa(jwk))
    throw new TypeError("an RSA key has at least 2048 bits, and an odd exponent above 1");
  const key = await importJWK(plainJwk(jwk), algorithm, { extractable: false });
  if (key instanceof Uint8Array) throw new TypeError("a key of this type is a secret");
  return key;
}

/** The SHA-256 thumbprint of a key (RFC 7638). */
export function thumbprint(jwk: Jwk): Promise<string> {
  return calculateJwkThumbprint(plainJwk(jwk));
}
