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

/** Where one-time tokens live. */
export interface TokenStore {
  /** Keeps a token. */
  put(token: OneTimeToken): Promise<void>;

  /** Takes a token out: of any number of callers exactly one gets it. Null where there is none, or it has expired. */
  redeem(hash: string, purpose: string, now: EpochSeconds): Promise<OneTimeToken | null>;

  /** Forgets a user's tokens of one purpose. */
  revoke(userId: string, purpose: string): Promise<void>;

  /** Deletes expired tokens, and returns how many. */
  prune(now: EpochSeconds): Promise<number>;
}
