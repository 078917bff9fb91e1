/** In code points. NIST SP 800-63B-4 3.1.1.2 asks for 15 where a password is the only factor. */
export const MIN_LENGTH = 8;
export const MAX_LENGTH = 1_024;

/** In code units, before NFC: four code points at most become one. */
const MAX_INPUT = 4_096;
/** More marks in a row stay more than 1,024 code points: NFC puts at most three of them into a letter. */
const MAX_MARKS: number = MAX_LENGTH + 3;

const LONE_SURROGATE = /\p{Cs}/u;

/**
 * Brings a password into the form that is hashed: NFC, and nothing else (NIST SP 800-63B-4 3.1.1.2). ASVS 6.2.8 asks
 * for no change at all; without NFC the same keys on two systems would be two passwords. Null where it is malformed.
 */
export function normalizePassword(password: string): string | null {
  // A lone surrogate has no UTF-8: an encoder would make different passwords equal.
  return LONE_SURROGATE.test(password) ? null : password.normalize("NFC");
}

/** Whether NFC need not be asked: it sorts marks in a row in the square of their number. */
export function isTooLong(password: string): boolean {
  return (
    password.length > MAX_INPUT || password.split(/\P{M}+/u).some((marks) => lengthOf(marks) > MAX_MARKS)
  );
}

/** Whether a password may be tried at all: every password that could ever have been set is. */
export function isPossiblePassword(password: string): boolean {
  return possiblePassword(password) !== null;
}

/** The normal form of a password that may be tried; null for any other. */
export function possiblePassword(password: string): string | null {
  const normal = isTooLong(password) ? null : normalizePassword(password);
  return normal !== null && lengthOf(normal) <= MAX_LENGTH ? normal : null;
}

/** In code points. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}
