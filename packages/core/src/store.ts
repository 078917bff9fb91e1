import type { KeyStore } from "./keys/store.ts";
import type { SessionStore } from "./sessions/store.ts";
import type { ThrottleStore } from "./throttle/store.ts";
import type { TokenStore } from "./tokens/store.ts";
import type { UserStore } from "./users/store.ts";

export { AuthError, type ErrorCode } from "./errors.ts";
export type { Json, JsonObject } from "./json.ts";
export { isJsonObject } from "./json.ts";
export type { KeyStore, VersionedDocument } from "./keys/store.ts";
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
export type {
  Device,
  EndReason,
  SecretHash,
  SessionId,
  SessionRow,
  Transport,
  UserId,
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
} from "./sessions/store.ts";
export {
  endReasons,
  readStoredSession,
  SESSION_MEMBERS,
  type SessionMember,
  type StoredMembers,
  storedSession,
} from "./sessions/stored-session.ts";
export {
  decideThrottle,
  type ThrottleRow,
  type ThrottleRule,
  type ThrottleVerdict,
} from "./throttle/decide.ts";
export type { ThrottleStore } from "./throttle/store.ts";
export type { EpochSeconds, Seconds } from "./time.ts";
export { mintSessionId, userTag, userTagOf } from "./tokens/refresh-token.ts";
export type { OneTimeToken, TokenStore } from "./tokens/store.ts";
export type { Identifier, LinkedAccount, User, UserChange, UserStore } from "./users/store.ts";

/** Everything that Latchkey stores. The parts may come from different places. */
export interface Store {
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly keys: KeyStore;
  readonly tokens: TokenStore;
  readonly throttle: ThrottleStore;
}
