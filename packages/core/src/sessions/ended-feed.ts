import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { UserId } from "../users/user.ts";
import type { SessionId } from "./session.ts";

/** An `endAll` of more sessions than this writes one entry of the user instead of one entry for each session. */
export const MOST_ENDED_ENTRIES = 100;

/** A store keeps an entry at least this long after `until`, so that a clock that jumps ahead deletes no live one. */
export const FEED_RETENTION: Seconds = 3_600;

interface FeedTimes {
  readonly at: EpochSeconds;
  /** `at` and the access lifetime of the session, or the longest of the user: its access tokens have expired by then. */
  readonly until: EpochSeconds;
}

/**
 * One entry of the feed of ended sessions. `ended`: the session ended. `stale`: the context of the session was replaced.
 * `user`: many sessions of the user ended at once, perhaps except one.
 */
export type FeedEntry = FeedTimes &
  (
    | { readonly kind: "ended" | "stale"; readonly sessionId: SessionId }
    | { readonly kind: "user"; readonly userId: UserId }
  );

/** A part of the feed. */
export interface FeedPage {
  /** In the order of their commit. An entry may be in several pages. */
  readonly entries: readonly FeedEntry[];
  /** The place after this page, as at most 64 characters of `A-Z a-z 0-9 _ . -`. Its form is the store's own. */
  readonly cursor: string;
  /** Whether the next page has entries already. */
  readonly more: boolean;
}
