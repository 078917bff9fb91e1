import { isRecord, own } from "../platform/encoding.ts";
import { type AsymmetricAlgorithm, algorithmFacts, isAsymmetric, normalizeAlgorithm } from "./algorithms.ts";
import {
  allowsOne,
  isForSignatures,
  isPrivate,
  type Jwk,
  listedKeys,
  type Members,
  mayVerify,
  plainJwk,
} from "./jwk.ts";
import { faultOfNumbers, faultOfPrivateNumbers } from "./key-numbers.ts";
import { KID, type VerificationKey } from "./keys.ts";

/** The usable keys of a key set by their ids. */
export type KeySet = ReadonlyMap<string, VerificationKey>;

/**
 * Reads a key set that another server published; null if it has no usable key. An unusable key is skipped: one without
 * `alg` (RFC 8725 3.1), one for another use, one with a private member, and one with numbers that are not safe. If two keys
 * have the same `kid`, neither is used, because the set does not say which of them signed.
 */
export function readKeySet(set: unknown): KeySet | null {
  const listed = listedKeys(set);
  const repeated = repeatedKids(listed);
  const usable = listed.flatMap((jwk): readonly (readonly [string, VerificationKey])[] => {
    const read = readPublicKey(jwk);
    return "fault" in read || repeated.has(read.kid) ? [] : [[read.kid, read]];
  });
  return usable.length === 0 ? null : new Map(usable);
}

/** Describes the first fault of the public keys of a configuration, and names its key; null if all of them are usable. */
export function faultOfPublished(keys: readonly unknown[]): string | null {
  const faults = keys.map((jwk) => {
    const read = isRecord(jwk) ? readPublicKey(jwk) : { fault: "is not an object" };
    return "fault" in read ? read.fault : null;
  });
  return firstFault("keys", keys, faults);
}

/**
 * Describes the first fault of `keys.provided`, and names its key; null if there is none. It does not check that the private part
 * of a key on a curve matches its public part: the first signature does so.
 */
export function faultOfProvided(jwks: readonly Jwk[], algorithm: AsymmetricAlgorithm): string | null {
  const faults = jwks.map((jwk, index) => faultOfProvidedKey({ ...jwk }, algorithm, index === 0));
  return firstFault("", jwks, faults);
}

function firstFault(
  list: string,
  keys: readonly unknown[],
  faults: readonly (string | null)[],
): string | null {
  const repeated = repeatedKids(keys.filter(isRecord));
  for (const [index, jwk] of keys.entries()) {
    const kid = isRecord(jwk) ? own(jwk, "kid") : undefined;
    const isNamed = typeof kid === "string" && KID.test(kid);
    const fault = faults[index] ?? (repeated.has(kid) ? "has the kid of another key" : null);
    if (fault !== null) return `${list}[${index}]${isNamed ? ` (kid "${kid}")` : ""} ${fault}`;
  }
  return null;
}

function repeatedKids(keys: readonly Members[]): ReadonlySet<unknown> {
  const kids = keys.map((jwk) => own(jwk, "kid"));
  return new Set(kids.filter((kid, index) => kids.indexOf(kid) !== index));
}

function readPublicKey(jwk: Members): VerificationKey | { readonly fault: string } {
  const [kid, algorithm] = [own(jwk, "kid"), normalizeAlgorithm(own(jwk, "alg"))];
  if (!isAsymmetric(algorithm)) return { fault: "has no alg for access tokens, such as EdDSA" };
  if (isPrivate(jwk)) return { fault: "has private members: publish only the public ones" };
  const fault = faultOfKey(jwk, algorithm) ?? (mayVerify(jwk) ? null : "has key_ops without verify");
  return fault === null ? { kid: String(kid), algorithm, key: plainJwk(jwk) } : { fault };
}

function faultOfProvidedKey(jwk: Members, algorithm: AsymmetricAlgorithm, signs: boolean): string | null {
  const alg = own(jwk, "alg");
  if (alg !== undefined && normalizeAlgorithm(alg) !== algorithm)
    return `is for another algorithm than ${algorithm}`;
  const isSigner = own(jwk, "d") !== undefined;
  if (signs && !isSigner) return "is not private, but the first key signs";
  const fault = faultOfKey(jwk, algorithm) ?? (isSigner ? faultOfPrivateNumbers(jwk, algorithm) : null);
  if (fault !== null) return fault;
  const needed = signs ? ["sign"] : ["sign", "verify"];
  return allowsOne(jwk, needed) ? null : `has key_ops without ${needed.join(" and ")}`;
}

/** Describes the fault of the members that every key has; null if they are valid. */
function faultOfKey(jwk: Members, algorithm: AsymmetricAlgorithm): string | null {
  const { kty } = algorithmFacts[algorithm];
  if (own(jwk, "kty") !== kty) return `has another kty than ${kty}, which ${algorithm} needs`;
  if (!isForSignatures(jwk))
    return "is not for signatures: its use is not sig, or its key_ops or ext is malformed";
  const others = own(jwk, "oth");
  // RFC 7518 6.3.2.7: the key is not complete without its other primes, which are not supported.
  if (Array.isArray(others) && others.length > 0) return "has more than two primes";
  const unsound = faultOfNumbers(jwk, algorithm);
  if (unsound !== null) return unsound;
  const kid = own(jwk, "kid");
  if (kid === undefined || kid === "") return "has no kid";
  return typeof kid === "string" && KID.test(kid) ? null : "has a kid that is not 1 to 64 of A-Z a-z 0-9 _ -";
}
