import { isBase64url, toBase64url, utf8 } from "../platform/bytes.ts";
import { labelledHash, type SecretHash } from "../platform/digest.ts";
import type { JsonObject } from "../platform/json.ts";
import type { EpochSeconds } from "../platform/time.ts";
import type { UserId } from "./user.ts";

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
export function hashOneTimeToken(token: string, purpose: string): SecretHash {
  return toBase64url(labelledHash(`token/${purpose}`, utf8(token)));
}

/** A token that is good once: for a reset, a verification, an exchange. Only its digest is kept. */
export interface OneTimeToken {
  readonly hash: SecretHash;
  /** What it is for; a token of one purpose is unknown to every other. */
  readonly purpose: string;
  readonly userId: UserId | null;
  readonly data: JsonObject;
  readonly expiresAt: EpochSeconds;
}

/** Where one-time tokens live, and the digests of secrets that were used up. */
export interface TokenStore {
  /** Keeps a token. */
  put(token: OneTimeToken): Promise<void>;

  /** Takes a token out: of any number of callers exactly one gets it. Null where there is none, or it has expired. */
  redeem(hash: SecretHash, purpose: string, now: EpochSeconds): Promise<OneTimeToken | null>;

  /**
   * Marks a secret as used that no row was kept for: of any number of callers exactly one gets true. The mark stays until
   * `expiresAt`, it cannot be redeemed, and `prune` deletes it after that. `false` too where `expiresAt` has passed, or
   * `put` keeps a token of that digest.
   */
  spend(hash: SecretHash, purpose: string, expiresAt: EpochSeconds, now: EpochSeconds): Promise<boolean>;

  /** Forgets a user's tokens of one purpose. */
  revoke(userId: UserId, purpose: string): Promise<void>;

  /** Deletes expired tokens and marks, and returns how many. */
  prune(now: EpochSeconds): Promise<number>;
}
