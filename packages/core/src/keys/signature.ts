import type { Algorithm, AsymmetricAlgorithm } from "./algorithms.ts";
import { isSoundRsa, type Jwk, MIN_MODULUS_BITS, plainJwk } from "./jwk.ts";
import type { SigningKey, VerificationKey } from "./keys.ts";

/** How signatures of one algorithm are made and checked. */
export interface Scheme {
  /** How the platform names the algorithm, when a key is imported and when it is used (RFC 7518 3.1, RFC 8037 3.1). */
  readonly key: RsaHashedImportParams | EcKeyImportParams | HmacImportParams | Named;
  readonly use: EcdsaParams | RsaPssParams | Named;
  /** The bytes of every signature; null where the key says. */
  readonly length: number | null;
}

type Named = { readonly name: string };

const SHA_256 = "SHA-256";

const schemes: Readonly<Record<Algorithm, Scheme>> = {
  EdDSA: { key: { name: "Ed25519" }, use: { name: "Ed25519" }, length: 64 },
  ES256: {
    key: { name: "ECDSA", namedCurve: "P-256" },
    use: { name: "ECDSA", hash: SHA_256 },
    length: 64,
  },
  RS256: {
    key: { name: "RSASSA-PKCS1-v1_5", hash: SHA_256 },
    use: { name: "RSASSA-PKCS1-v1_5" },
    length: null,
  },
  PS256: { key: { name: "RSA-PSS", hash: SHA_256 }, use: { name: "RSA-PSS", saltLength: 32 }, length: null },
  HS256: { key: { name: "HMAC", hash: SHA_256 }, use: { name: "HMAC" }, length: 32 },
};

/** Makes a private key. */
export async function generateKey(algorithm: AsymmetricAlgorithm): Promise<Jwk> {
  const numbers = { modulusLength: MIN_MODULUS_BITS, publicExponent: Uint8Array.of(1, 0, 1) };
  const make = { ...numbers, ...schemes[algorithm].key };
  const pair = (await crypto.subtle.generateKey(make, true, ["sign", "verify"])) as CryptoKeyPair;
  return plainJwk(await crypto.subtle.exportKey("jwk", pair.privateKey));
}

/** Imports a key for one algorithm: a private one signs, a public one verifies. Fails for a key that does not fit. */
export function importKey(jwk: Jwk, algorithm: AsymmetricAlgorithm): Promise<CryptoKey> {
  return importFor(jwk, schemes[algorithm]);
}

/** The same for an algorithm that no key of ours has. */
export async function importFor(jwk: Jwk, scheme: Scheme): Promise<CryptoKey> {
  if (jwk.kty === "RSA" && !isSoundRsa(jwk))
    throw new TypeError("an RSA key has at least 2048 bits, and an odd exponent above 1");
  const usage = jwk.d === undefined ? "verify" : "sign";
  return crypto.subtle.importKey("jwk", plainJwk(jwk), scheme.key, false, [usage]);
}

/** Makes an HS256 key of 32 bytes, to sign and to verify. */
export function importSecret(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, schemes.HS256.key, false, ["sign", "verify"]);
}

/** Signs with the one algorithm of a key. */
export async function sign(
  { algorithm, key }: SigningKey,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign(schemes[algorithm].use, key, data));
}

/** Checks a signature by the one algorithm of a key (RFC 8725 3.1). */
export function verify(
  { algorithm, key }: VerificationKey,
  signature: Uint8Array,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return verifyBy(schemes[algorithm], key, signature, data);
}

/** The same for an algorithm that no key of ours has. */
export async function verifyBy(
  { use, length }: Scheme,
  key: CryptoKey,
  signature: Uint8Array,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  // Not every platform answers false for a signature of a wrong length.
  if (length !== null && signature.length !== length) return false;
  return crypto.subtle.verify(use, key, Uint8Array.from(signature), data);
}
