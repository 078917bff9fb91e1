import type { Identifier } from "../users/identifier.ts";
import { isCommonPassword } from "./blocklist.ts";
import { isTooLong, lengthOf, MAX_LENGTH, normalizePassword } from "./policy.ts";

/** What a password to be set deserves. */
export type PasswordVerdict =
  | "ok"
  | "too_short"
  | "too_long"
  | "common"
  | "contains_identifier"
  | "malformed";

export interface PasswordPolicy {
  /** In code points. */
  readonly minLength: number;
  /** The identifier of the user whose password it will be. */
  readonly identifier: Identifier | null;
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
  if (isCommonPassword(plain)) return "common";
  const rest = namesOf(policy.identifier).reduce((left, name) => left.replaceAll(name, ""), plain);
  // The identifier counts for nothing: without it the password must still be one.
  const isWeaker = rest !== plain && (lengthOf(rest) < policy.minLength || isCommonPassword(rest));
  return isWeaker ? "contains_identifier" : "ok";
}

function namesOf(identifier: Identifier | null): readonly string[] {
  if (identifier === null) return [];
  if ("username" in identifier) return [identifier.username].filter(isName);
  const { email } = identifier;
  const local = email.slice(0, email.indexOf("@"));
  const [untagged = local] = local.split("+");
  return [email, local, untagged].filter(isName);
}

function isName(text: string): boolean {
  return lengthOf(text) >= MIN_NAME;
}
