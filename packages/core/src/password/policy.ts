import type { Identifier } from "../users/identifier.ts";

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
function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** What a password to be set deserves. */
export type PasswordVerdict =
  | "ok"
  | "too_short"
  | "too_long"
  | "common"
  | "breached"
  | "contains_identifier"
  | "malformed";

export interface PasswordPolicy {
  /** In code points. */
  readonly minLength: number;
  /** The identifier of the user whose password it will be. It may have both members. */
  readonly identifier: Identifier | null;
  /** Whether a password in lower case is a common one. */
  readonly isCommon: (password: string) => boolean;
}

// Shorter names occur in passwords by chance.
const MIN_NAME = 4;

/** Decides whether a password may be set. Pure; never asked at sign-in. */
export function checkPassword(password: string, policy: PasswordPolicy): PasswordVerdict {
  if (isTooLong(password)) return "too_long";
  const normal = normalizePassword(password);
  if (normal === null) return "malformed";
  const length = lengthOf(normal);
  if (length > MAX_LENGTH) return "too_long";
  if (length < policy.minLength) return "too_short";
  const plain = normal.toLowerCase();
  if (policy.isCommon(plain)) return "common";
  const rest = namesOf(policy.identifier).reduce((left, name) => left.replaceAll(name, ""), plain);
  // The identifier counts for nothing: without it the password must still be one.
  const isWeaker = rest !== plain && (lengthOf(rest) < policy.minLength || policy.isCommon(rest));
  return isWeaker ? "contains_identifier" : "ok";
}

function namesOf(identifier: Identifier | null): readonly string[] {
  if (identifier === null) return [];
  const username = "username" in identifier ? [identifier.username] : [];
  return [...("email" in identifier ? namesOfEmail(identifier.email) : []), ...username].filter(isName);
}

function namesOfEmail(email: string): readonly string[] {
  const local = email.slice(0, email.indexOf("@"));
  const [untagged = local] = local.split("+");
  return [email, local, untagged];
}

function isName(text: string): boolean {
  return lengthOf(text) >= MIN_NAME;
}
