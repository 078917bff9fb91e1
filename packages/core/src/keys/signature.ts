import type { JWK } from "jose";
import type { Algorithm, AsymmetricAlgorithm } from "./algorithms.ts";
import type { SigningKey, VerificationKey } from "./keys.ts";

interface Scheme {
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

/** The members of a key that make it; what else a key set says of it is not the platform's business. */
const MEMBERS = ["kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"] as const;
const MIN_MODULUS_BITS = 2_048;

/** Imports a key for one algorithm: a private one signs, a public one verifies. Fails for a key that does not fit. */
export async function importKey(jwk: JWK, algorithm: AsymmetricAlgorithm): Promise<CryptoKey> {
  const plain: Record<string, unknown> = {};
  for (const member of MEMBERS) if (jwk[member] !== undefined) plain[member] = jwk[member];
  const usage = jwk.d === undefined ? "verify" : "sign";
  const key = await crypto.subtle.importKey("jwk", plain, schemes[algorithm].key, false, [usage]);
  const bits = "modulusLength" in key.algorithm ? Number(key.algorithm.modulusLength) : MIN_MODULUS_BITS;
  if (bits >= MIN_MODULUS_BITS) return key;
  throw new TypeError("an RSA key has at least 2048 bits");
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
export async function verify(
  { algorithm, key }: VerificationKey,
  signature: Uint8Array,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { use, length } = schemes[algorithm];
  // Not every platform answers false for a signature of a wrong length.
  if (length !== null && signature.length !== length) return false;
  return crypto.subtle.verify(use, key, Uint8Array.from(signature), data);
}
