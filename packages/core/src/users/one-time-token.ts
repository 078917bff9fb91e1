import { labelledHash, type SecretHash } from "../platform/digest.ts";
import { isBase64url, type JsonObject, toBase64url, utf8 } from "../platform/encoding.ts";
import type { EpochSeconds } from "../platform/time.ts";
import type { UserId } from "./user.ts";

const BYTES = 32;
const LENGTH = 43;

/** Mints a one-time token: a secret of 256 bits in base64url. */
export function mintOneTimeToken(random: (length: number) => Uint8Array): string {
  return toBase64url(random(BYTES));
}

/** Whether a text has the form of a one-time token. */
export function isOneTimeToken(text: string): boolean {
  return text.length === LENGTH && isBase64url(text);
}

/** Hashes a one-time token for the store. */
export function hashOneTimeToken(token: string, purpose: string): SecretHash {
  return toBase64url(labelledHash(`token/${purpose}`, utf8(token)));
}

/** A token that is valid once, for a reset, a verification or an exchange. Only its digest is stored. */
export interface OneTimeToken {
  readonly hash: SecretHash;
  /** The purpose of the token. Under another purpose it is not found. */
  readonly purpose: string;
  readonly userId: UserId | null;
  readonly data: JsonObject;
  readonly expiresAt: EpochSeconds;
}

/** The store of one-time tokens, and of the digests of used secrets. */
export interface TokenStore {
  /** Inserts a token. */
  put(token: OneTimeToken): Promise<void>;

  /** Removes and returns a token: of concurrent callers exactly one gets it. Null if it is unknown or expired. */
  redeem(hash: SecretHash, purpose: string, now: EpochSeconds): Promise<OneTimeToken | null>;

  /**
   * Marks a secret without a stored token as used: of concurrent callers exactly one gets true. The mark stays until
   * `expiresAt` and cannot be redeemed. After that, `prune` deletes it. Also `false` if `expiresAt` has passed, or if a token
   * of that digest is stored.
   */
  spend(hash: SecretHash, purpose: string, expiresAt: EpochSeconds, now: EpochSeconds): Promise<boolean>;

  /** Deletes a user's tokens of one purpose. */
  revoke(userId: UserId, purpose: string): Promise<void>;

  /** Deletes expired tokens and marks, and returns how many. */
  prune(now: EpochSeconds): Promise<number>;
}
