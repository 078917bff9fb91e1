import type { KeyStore } from "./keys/keys.ts";
import type { SessionStore } from "./sessions/session-store.ts";
import type { ThrottleStore } from "./throttle/throttle.ts";
import type { TokenStore } from "./users/one-time-token.ts";
import type { UserStore } from "./users/user.ts";

export type { KeyStore, VersionedDocument } from "./keys/keys.ts";
export type { SecretHash } from "./platform/digest.ts";
export { isJsonObject, type Json, type JsonObject } from "./platform/encoding.ts";
export { AuthError, type ErrorCode } from "./platform/errors.ts";
export { checkMembers, FLAG, type MembersOf } from "./platform/option-error.ts";
export type { EpochSeconds, Seconds } from "./platform/time.ts";
export {
  applyDecision,
  confirmChild,
  type Decision,
  decide,
  decideLookUp,
  type IssueOutcome,
  idleExpiry,
  isExpired,
  isLive,
  type LookUpDecision,
  type PresentedToken,
  type RotationOutcome,
  type RotationPolicy,
  rotationOutcome,
} from "./sessions/decide.ts";
export { FEED_RETENTION, type FeedEntry, type FeedPage, MOST_ENDED_ENTRIES } from "./sessions/ended-feed.ts";
export { mintSessionId, userTag, userTagOf } from "./sessions/refresh-token.ts";
export {
  type Device,
  type EndReason,
  endReasons,
  readStoredSession,
  SESSION_MEMBERS,
  type SessionId,
  type SessionMember,
  type SessionRow,
  type StoredMembers,
  storedSession,
  type Transport,
} from "./sessions/session.ts";
export type {
  CreateOptions,
  CreateResult,
  EndedSession,
  EndOptions,
  RotatedRow,
  Rotation,
  SessionStore,
  TimedRow,
} from "./sessions/session-store.ts";
export {
  decideThrottle,
  hitEach,
  releaseAttempt,
  type ThrottleAttempt,
  type ThrottleRow,
  type ThrottleRows,
  type ThrottleRule,
  type ThrottleStore,
  type ThrottleVerdict,
  throttleVerdict,
} from "./throttle/throttle.ts";
export type { Identifier } from "./users/identifier.ts";
export {
  decideSlot,
  type OneTimeToken,
  type SlotDecision,
  type SlotToken,
  type TokenStore,
} from "./users/one-time-token.ts";
export {
  checkUserChange,
  type LinkedAccount,
  type User,
  type UserChange,
  type UserId,
  type UserRange,
  type UserStore,
} from "./users/user.ts";
export {
  compareTexts,
  endOfPrefix,
  indexKeysOf,
  listConfirmed,
  type UserIndexEntry,
  type UserIndexKey,
  type UserIndexReader,
} from "./users/user-range.ts";

/** All stores of Latchkey. The parts may come from different databases. */
export interface Store {
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly keys: KeyStore;
  readonly tokens: TokenStore;
  readonly throttle: ThrottleStore;
  /** Fails if the store is not ready, such as with tables of another version. `auth.check` calls it. */
  readonly check?: () => Promise<void>;
}
