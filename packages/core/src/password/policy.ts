/** In code points. NIST SP 800-63B-4 3.1.1.2 asks for 15 where a password is the only factor. */
export const MIN_LENGTH = 8;
export const MAX_LENGTH = 1_024;

const LONE_SURROGATE = /\p{Cs}/u;

/**
 * Brings a password into the form that is hashed: NFC, and nothing else (NIST SP 800-63B-4 3.1.1.2). ASVS 6.2.8 asks
 * for no change at all; without NFC the same keys on two systems would be two passwords. Null where it is malformed.
 */
export function normalizePassword(password: string): string | null {
  // A lone surrogate has no UTF-8: an encoder would make different passwords equal.
  return LONE_SURROGATE.test(password) ? null : password.normalize("NFC");
}

/** Whether a password may be tried at all: every password that could ever have been set is. */
export function isPossiblePassword(password: string): boolean {
  const normal = normalizePassword(password);
  return normal !== null && lengthOf(normal) <= MAX_LENGTH;
}

/** In code points. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}
