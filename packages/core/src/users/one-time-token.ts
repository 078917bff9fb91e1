import { labelledDigest, type SecretHash } from "../platform/digest.ts";
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
  return labelledDigest(`token/${purpose}`, utf8(token));
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

/**
 * A one-time token in a slot. A slot holds one token, so a newer token of the same purpose for the same subject replaces the
 * earlier one. Only digests are stored.
 */
export interface SlotToken {
  /** The digest of the purpose and the subject. */
  readonly slot: SecretHash;
  readonly purpose: string;
  /** The digest of the secret that redeems the token. */
  readonly secret: SecretHash;
  /** How many more wrong secrets the token survives, 1 or more; null for any number, for a secret that cannot be guessed. */
  readonly tries: number | null;
  readonly userId: UserId | null;
  readonly data: JsonObject;
  readonly expiresAt: EpochSeconds;
}

/** What one try to redeem a slot does: the token to return, and the token that stays in the slot. */
export interface SlotDecision {
  readonly redeemed: SlotToken | null;
  readonly stays: SlotToken | null;
}

/**
 * Decides one try to redeem a slot. A right secret empties the slot. A wrong secret takes one of the tries, and the last one
 * empties the slot. Pure; every store must give the same result.
 */
export function decideSlot(token: SlotToken | null, secret: SecretHash, now: EpochSeconds): SlotDecision {
  if (token === null || now >= token.expiresAt) return { redeemed: null, stays: null };
  if (token.secret === secret) return { redeemed: token, stays: null };
  if (token.tries === null) return { redeemed: null, stays: token };
  return { redeemed: null, stays: token.tries > 1 ? { ...token, tries: token.tries - 1 } : null };
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

  /** Deletes a user's tokens of one purpose, except those in slots. */
  revoke(userId: UserId, purpose: string): Promise<void>;

  /** Puts a token into its slot, in place of the earlier one, in one atomic step. */
  fillSlot(token: SlotToken): Promise<void>;

  /** Returns the token in a slot, and leaves it there. Null if the slot is empty or the token has expired. */
  readSlot(slot: SecretHash, now: EpochSeconds): Promise<SlotToken | null>;

  /**
   * Tries to redeem a slot by `decideSlot`, in one atomic step: of concurrent callers with the right secret exactly one gets the
   * token, and no more than `tries` wrong secrets are compared.
   */
  redeemSlot(slot: SecretHash, secret: SecretHash, now: EpochSeconds): Promise<SlotToken | null>;

  /** Deletes expired tokens and marks, also those in slots, and returns how many. */
  prune(now: EpochSeconds): Promise<number>;
}
