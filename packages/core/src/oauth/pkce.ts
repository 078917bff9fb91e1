import { sha256 } from "@oslojs/crypto/sha2";
import { equalStrings } from "../platform/digest.ts";
import { toBase64url, utf8 } from "../platform/encoding.ts";

// RFC 7636 4.1: 43 to 128 unreserved characters.
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** The S256 challenge of a verifier (RFC 7636 4.2); `plain` is not offered. */
export function challengeOf(codeVerifier: string): string {
  return toBase64url(sha256(utf8(codeVerifier)));
}

/** Whether a text can be an S256 challenge. */
export function isChallenge(text: string): boolean {
  return CHALLENGE.test(text);
}

/** Whether a verifier is the one behind a challenge (RFC 7636 4.6). */
export function isVerifierOf(codeVerifier: string, challenge: string): boolean {
  return VERIFIER.test(codeVerifier) && equalStrings(challengeOf(codeVerifier), challenge);
}
