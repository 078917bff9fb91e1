import { isSoundRsa, type Jwk, plainJwk } from "./jwk.ts";

/** How signatures of one algorithm are made and checked. */
export interface Scheme {
  /** How the platform names the algorithm, when a key is imported and when it is used (RFC 7518 3.1, RFC 8037 3.1). */
  readonly key: RsaHashedImportParams | EcKeyImportParams | HmacImportParams | Named;
  readonly use: EcdsaParams | RsaPssParams | Named;
  /** The bytes of every signature; null where the key says. */
  readonly length: number | null;
}

type Named = { readonly name: string };

/** Imports a key of a provider. */
export async function importFor(jwk: Jwk, scheme: Scheme): Promise<CryptoKey> {
  if (jwk.kty === "RSA" && !isSoundRsa(jwk))
    throw new TypeError("an RSA key has at least 2048 bits, and an odd exponent above 1");
  const usage = jwk.d === undefined ? "verify" : "sign";
  return crypto.subtle.importKey("jwk", plainJwk(jwk), scheme.key, false, [usage]);
}

/** Checks a signature of a provider. */
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
