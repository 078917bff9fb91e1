import { isBase64url, toBase64url, utf8 } from "../bytes.ts";
import { labelledHash } from "../digest.ts";

const BYTES = 32;
const LENGTH = 43;

/** Draws a secret of 256 bits in base64url, to be presented once. */
export function mintOneTimeToken(random: (length: number) => Uint8Array): string {
  return toBase64url(random(BYTES));
}

/** Whether a text can be a one-time token at all. */
export function isOneTimeToken(text: string): boolean {
  return text.length === LENGTH && isBase64url(text);
}

/** The digest under which a one-time token is kept. */
export function hashOneTimeToken(token: string, purpose: string): string {
  return toBase64url(labelledHash(`token/${purpose}`, utf8(token)));
}
