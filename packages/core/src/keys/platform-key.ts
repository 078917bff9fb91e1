import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from "jose";
import type { AsymmetricAlgorithm } from "./algorithms.ts";
import { faultOfRsa, type Jwk, plainJwk } from "./jwk.ts";

/** Generates a private key. */
export async function generateKey(algorithm: AsymmetricAlgorithm): Promise<Jwk> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return plainJwk(await exportJWK(privateKey));
}

/** Imports a key for one algorithm: a private one signs, a public one verifies. Fails for a key of another algorithm. */
export async function importKey(jwk: Jwk, algorithm: AsymmetricAlgorithm): Promise<CryptoKey> {
  const fault = jwk.kty === "RSA" ? faultOfRsa(jwk) : null;
  if (fault !== null) throw new TypeError(`the RSA key ${fault}`);
  const key = await importJWK(plainJwk(jwk), algorithm, { extractable: false });
  if (key instanceof Uint8Array) throw new TypeError("a key of this type is a secret");
  return key;
}

/** The SHA-256 thumbprint of a key (RFC 7638). */
export function thumbprint(jwk: Jwk): Promise<string> {
  return calculateJwkThumbprint(plainJwk(jwk));
}
