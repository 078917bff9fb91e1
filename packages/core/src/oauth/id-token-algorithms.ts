import type { Scheme } from "../keys/signature.ts";

/** An algorithm that a provider may sign ID tokens with (RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2). */
export interface IdTokenAlgorithm extends Scheme {
  /** What its keys say of themselves; a curve of null is none. */
  readonly kty: string;
  readonly crv: string | null;
  /** What it hashes with, and `at_hash` as well. */
  readonly hash: string;
}

/** Asymmetric ones only: a provider's public key or a client secret must never pass for a signing key (RFC 8725 3.1). */
export const idTokenAlgorithms: ReadonlyMap<string, IdTokenAlgorithm> = new Map([
  ["RS256", pkcs1("SHA-256")],
  ["RS384", pkcs1("SHA-384")],
  ["RS512", pkcs1("SHA-512")],
  ["PS256", pss("SHA-256", 32)],
  ["PS384", pss("SHA-384", 48)],
  ["PS512", pss("SHA-512", 64)],
  ["ES256", ecdsa("SHA-256", "P-256", 64)],
  ["ES384", ecdsa("SHA-384", "P-384", 96)],
  ["ES512", ecdsa("SHA-512", "P-521", 132)],
  ["EdDSA", ed25519()],
  ["Ed25519", ed25519()],
]);

function pkcs1(hash: string): IdTokenAlgorithm {
  const name = "RSASSA-PKCS1-v1_5";
  return { kty: "RSA", crv: null, hash, key: { name, hash }, use: { name }, length: null };
}

function pss(hash: string, saltLength: number): IdTokenAlgorithm {
  const name = "RSA-PSS";
  return { kty: "RSA", crv: null, hash, key: { name, hash }, use: { name, saltLength }, length: null };
}

function ecdsa(hash: string, crv: string, length: number): IdTokenAlgorithm {
  const name = "ECDSA";
  return { kty: "EC", crv, hash, key: { name, namedCurve: crv }, use: { name, hash }, length };
}

function ed25519(): IdTokenAlgorithm {
  const name = "Ed25519";
  return { kty: "OKP", crv: name, hash: "SHA-512", key: { name }, use: { name }, length: 64 };
}
