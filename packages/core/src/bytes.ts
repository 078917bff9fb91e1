import { sha256 } from "@oslojs/crypto/sha2";
import { constantTimeEqual } from "@oslojs/crypto/subtle";
import { decodeBase64urlIgnorePadding, encodeBase64urlNoPadding } from "@oslojs/encoding";

const encoder = new TextEncoder();
const BASE64URL = /^[A-Za-z0-9_-]*$/;

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Decodes UTF-8, or returns null where the bytes are not well formed. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function toBase64url(bytes: Uint8Array): string {
  return encodeBase64urlNoPadding(bytes);
}

/** Decodes the one canonical form: no padding, no white space, no stray bits in the last character. */
export function fromBase64url(text: string): Uint8Array | null {
  if (!BASE64URL.test(text) || text.length % 4 === 1) return null;
  try {
    const bytes = decodeBase64urlIgnorePadding(text);
    return encodeBase64urlNoPadding(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** SHA-256 under a label, so that a digest made for one purpose never serves another. */
export function labelledHash(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concat(utf8(`latchkey/${label}/v1\0`), ...parts));
}

/** Compares in constant time. */
export function equalStrings(a: string, b: string): boolean {
  return constantTimeEqual(utf8(a), utf8(b));
}
