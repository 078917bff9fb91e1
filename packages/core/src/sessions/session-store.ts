import type { SecretHash } from "../platform/digest.ts";
import type { JsonObject } from "../platform/encoding.ts";
import type { EpochSeconds } from "../platform/time.ts";
import type { UserId } from "../users/user.ts";
import type { PresentedToken, RotationPolicy } from "./decide.ts";
import type { FeedPage } from "./ended-feed.ts";
import type { Device, EndReason, SessionId, SessionRow } from "./session.ts";

/** A row and the time of the decision, by the store's own clock if it has one, else by the caller's. */
export interface TimedRow {
  readonly row: SessionRow;
  readonly now: EpochSeconds;
}

/** The row after a rotation, or the unchanged row if the rotation was refused. */
export interface RotatedRow extends TimedRow {
  /** Whether `decide` refuses the token. Then nothing was written, and `decide` on this row gives the reason. */
  readonly refused: boolean;
}

/** The conditions and effects of `create`. */
export interface CreateOptions {
  /** Refuse unless the user exists, is enabled and has this `credentialsVersion`; null skips the check. */
  readonly ifVersion: number | null;
  /** How many live sessions the user may have, with this one; null means any number. The oldest are ended. */
  readonly limit: number | null;
  /** Sessions that this one replaces. The live ones are ended. */
  readonly replaces: readonly SessionId[];
}

/** The sessions that a `create` ended, or null if it refused. */
export type CreateResult = { readonly ended: readonly EndedSession[] } | null;

/** A session that an operation ended. */
export interface EndedSession {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly reason: EndReason;
}

/** What `rotate` takes: the presented token, and the token to issue if one is due. */
export interface Rotation {
  readonly id: SessionId;
  readonly token: PresentedToken;
  readonly policy: RotationPolicy;
  /** The digest of the refresh token to issue, if one is due. */
  readonly next: SecretHash;
  readonly now: EpochSeconds;
}

/** Why and when sessions end. */
export interface EndOptions {
  readonly reason: EndReason;
  readonly now: EpochSeconds;
}

/**
 * The store of sessions. A store has no policy: `decide` has every rule, and a correct store gives the same results.
 *
 * A method that takes `now` may use its own clock instead, the same one in all of them.
 */
export interface SessionStore {
  /** The `users` part whose `credentialsVersion` `create` checks in its own atomic step; null if it cannot. */
  readonly users: object | null;

  /** Inserts one row, enforces `options` and ends the replaced sessions, in one atomic step. */
  create(row: SessionRow, options: CreateOptions): Promise<CreateResult>;

  /** Reads one row, also an ended or expired one. It must see the newest write, so it must not read from a replica. */
  get(id: SessionId, now: EpochSeconds): Promise<TimedRow | null>;

  /**
   * Decides and writes in one atomic step: `decide`, then `applyDecision`. Returns the row after that, or the unchanged row
   * if the decision is `refused`; null for an unknown session. A refused row may be read in a second step. No later
   * operation may undo an end by reuse.
   */
  rotate(rotation: Rotation): Promise<RotatedRow | null>;

  /** Makes the child of that generation the root with `confirmChild`, in one atomic step. */
  confirm(id: SessionId, generation: number, lease: number, now: EpochSeconds): Promise<boolean>;

  /** The user's live sessions, newest first. */
  list(userId: UserId, now: EpochSeconds): Promise<readonly SessionRow[]>;

  /**
   * Replaces the given members of a session that has not ended. Returns the changed row, or null. `staleAt` is the current
   * time if the access tokens of the session are to be renewed: then a new context also writes a `stale` entry to the feed.
   */
  update(
    id: SessionId,
    change: { readonly context?: JsonObject; readonly device?: Device },
    staleAt: EpochSeconds | null,
  ): Promise<SessionRow | null>;

  /** Ends one session and returns it; null if it does not exist, has ended, or has another family. */
  end(id: SessionId, familyHash: SecretHash | null, options: EndOptions): Promise<EndedSession | null>;

  /** Ends every session of a user except `except`, and returns those that had not ended. */
  endAll(userId: UserId, except: SessionId | null, options: EndOptions): Promise<readonly EndedSession[]>;

  /**
   * Deletes sessions that ended or expired at least one access lifetime ago, of one user or of all users. Returns how many.
   * With `keep` it deletes none, and marks the expired ones as ended.
   */
  prune(options: {
    readonly userId: UserId | null;
    readonly keep: boolean;
    readonly now: EpochSeconds;
  }): Promise<number>;

  /**
   * Reads the feed of ended sessions: the entries after `cursor`, at most `limit` of them. Null starts with the oldest entry
   * of which an access token may be live at `now`, and so does a cursor that is malformed or of another database.
   *
   * The operation that ends a session writes its entry in the same atomic step, except `prune`: one `ended` entry for each
   * session, or one `user` entry for an `endAll` of more than `MOST_ENDED_ENTRIES`. Calling again with the returned cursor
   * misses no entry that is committed later, whatever the clocks do. Writes and `prune` of all users delete entries that are
   * older than `FEED_RETENTION` after `until`.
   */
  endedSince(cursor: string | null, limit: number, now: EpochSeconds): Promise<FeedPage>;
}
