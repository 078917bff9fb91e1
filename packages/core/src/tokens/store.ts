import type { JsonObject } from "../json.ts";
import type { EpochSeconds } from "../time.ts";

/** A token that is good once: for a reset, a verification, an exchange. Only its digest is kept. */
export interface OneTimeToken {
  readonly hash: string;
  /** What it is for; a token of one purpose is unknown to every other. */
  readonly purpose: string;
  readonly userId: string | null;
  readonly data: JsonObject;
  readonly expiresAt: EpochSeconds;
}

/** Where one-time tokens live, and the digests of secrets that were used up. */
export interface TokenStore {
  /** Keeps a token. */
  put(token: OneTimeToken): Promise<void>;

  /** Takes a token out: of any number of callers exactly one gets it. Null where there is none, or it has expired. */
  redeem(hash: string, purpose: string, now: EpochSeconds): Promise<OneTimeToken | null>;

  /**
   * Marks a secret as used that no row was kept for: of any number of callers exactly one gets true. The mark stays until
   * `expiresAt`, it cannot be redeemed, and `prune` deletes it after that. `false` too where `expiresAt` has passed, or
   * `put` keeps a token of that digest.
   */
  spend(hash: string, purpose: string, expiresAt: EpochSeconds, now: EpochSeconds): Promise<boolean>;

  /** Forgets a user's tokens of one purpose. */
  revoke(userId: string, purpose: string): Promise<void>;

  /** Deletes expired tokens and marks, and returns how many. */
  prune(now: EpochSeconds): Promise<number>;
}
