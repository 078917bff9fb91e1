import { sha256 } from "@oslojs/crypto/sha2";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { concat, toBase64url, utf8 } from "./encoding.ts";
import { nativeSha256 } from "./env.ts";

/** The SHA-256 digest of a secret, in base64url. A plain string fits; the id of a session or a user does not. */
export type SecretHash = string & { readonly brand?: "SecretHash" };

/** Hashes with SHA-256 and a label, so that a digest for one purpose is not valid for another. */
export function labelledHash(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(labelled(label, parts));
}

/** Hashes like `labelledHash`, and writes the digest in base64url. */
export function labelledDigest(label: string, ...parts: readonly Uint8Array[]): SecretHash {
  const bytes = labelled(label, parts);
  return nativeSha256(bytes) ?? toBase64url(sha256(bytes));
}

function labelled(label: string, parts: readonly Uint8Array[]): Uint8Array {
  return concat(utf8(`latchkey/${label}/v1\0`), ...parts);
}

/** Compares two texts. The time depends on their length, not on where they differ. */
export function equalStrings(a: string, b: string): boolean {
  return constantTimeEqual(utf8(a), utf8(b));
}
