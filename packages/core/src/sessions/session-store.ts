import type { SecretHash } from "../platform/digest.ts";
import type { JsonObject } from "../platform/json.ts";
import type { EpochSeconds } from "../platform/time.ts";
import type { UserId } from "../users/user.ts";
import type { PresentedToken, RotationPolicy } from "./decide.ts";
import type { Device, EndReason, SessionId, SessionRow } from "./session.ts";

/** A row, and the time on the clock it was judged by: the store's own where it has one, else the caller's. */
export interface TimedRow {
  readonly row: SessionRow;
  readonly now: EpochSeconds;
}

/** A row as a rotation left it, or as it was where the rotation was refused. */
export interface RotatedRow extends TimedRow {
  /** Whether `decide` refuses the token: then nothing was written, and `decide` on this row says why. */
  readonly refused: boolean;
}

export interface CreateOptions {
  /** Refuse unless the user exists, is enabled and has this `credentialsVersion`; null asks nothing. */
  readonly ifVersion: number | null;
  /** How many live sessions the user may have with this one; null any number. The oldest are ended. */
  readonly limit: number | null;
  /** Sessions that this one takes the place of; ended when they are live. */
  readonly replaces: readonly SessionId[];
}

/** The sessions that a `create` ended on the way, or null where it refused. */
export type CreateResult = { readonly ended: readonly EndedSession[] } | null;

export interface EndedSession {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly reason: EndReason;
}

export interface Rotation {
  readonly id: SessionId;
  readonly token: PresentedToken;
  readonly policy: RotationPolicy;
  /** The digest of the refresh token to issue, should one be due. */
  readonly next: SecretHash;
  readonly now: EpochSeconds;
}

export interface EndOptions {
  readonly reason: EndReason;
  readonly now: EpochSeconds;
}

/**
 * Where sessions live. A store holds no policy: every rule is `decide`, and a store is right when it equals it.
 *
 * A method that takes `now` may use its own clock instead, the same one in all of them.
 */
export interface SessionStore {
  /** The `users` part whose `credentialsVersion` `create` checks in its own atomic step; null where it cannot. */
  readonly users: object | null;

  /** Inserts one row, enforces `options`, ends what it replaces: one atomic step. */
  create(row: SessionRow, options: CreateOptions): Promise<CreateResult>;

  /** Reads one row, ended and expired ones too, from where the newest write is seen. */
  get(id: SessionId, now: EpochSeconds): Promise<TimedRow | null>;

  /**
   * Decides and writes in one atomic step: `decide`, then `applyDecision`. Returns the row as it stands after, or as it
   * is where the decision is `refused`; null where there is no such session. A refused row may be read in a second step.
   * Nothing that happens afterwards may undo an end by reuse.
   */
  rotate(rotation: Rotation): Promise<RotatedRow | null>;

  /** Makes the child of that generation the root, by `confirmChild`, in one atomic step. */
  confirm(id: SessionId, generation: number, lease: number, now: EpochSeconds): Promise<boolean>;

  /** The user's live sessions, newest first. */
  list(userId: UserId, now: EpochSeconds): Promise<readonly SessionRow[]>;

  /** Replaces the given members of a session that has not ended. Returns the row after, or null. */
  update(
    id: SessionId,
    change: { readonly context?: JsonObject; readonly device?: Device },
  ): Promise<SessionRow | null>;

  /** Ends one session, and returns it, or null where it does not exist, has ended, or has another family. */
  end(id: SessionId, familyHash: SecretHash | null, options: EndOptions): Promise<EndedSession | null>;

  /** Ends every session of a user but `except`, and returns those that had not ended. */
  endAll(userId: UserId, except: SessionId | null, options: EndOptions): Promise<readonly EndedSession[]>;

  /**
   * Deletes sessions that have been over for at least the life of their last access token, one user's or
   * everybody's, and returns how many. With `keep` it deletes none and marks the expired ones as ended.
   */
  prune(options: {
    readonly userId: UserId | null;
    readonly keep: boolean;
    readonly now: EpochSeconds;
  }): Promise<number>;
}
