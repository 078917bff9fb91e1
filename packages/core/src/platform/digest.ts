import { sha256 } from "@oslojs/crypto/sha2";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { concat, utf8 } from "./encoding.ts";

/** The SHA-256 digest of a secret, in base64url. A plain string fits; the id of a session or a user does not. */
export type SecretHash = string & { readonly brand?: "SecretHash" };

/** Hashes with SHA-256 and a label, so that a digest for one purpose is not valid for another. */
export function labelledHash(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concat(utf8(`latchkey/${label}/v1\0`), ...parts));
}

/** Compares in constant time. */
export function equalStrings(a: string, b: string): boolean {
  return constantTimeEqual(utf8(a), utf8(b));
}
