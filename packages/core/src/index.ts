export type { NewUser } from "./app/accounts.ts";
export type { InvalidSession, ValidateOptions, Validation, ValidSession } from "./app/validation.ts";
export type {
  Auth,
  CreateSessionOptions,
  IssuedSession,
  KeysApi,
  RefreshOutcome,
  SessionsApi,
  UsersApi,
} from "./auth/auth.ts";
export { createAuth } from "./auth/create-auth.ts";
export type {
  AuthHooks,
  AuthOptions,
  PreviousCookie,
  Provider,
  StandardSchema,
  Validated,
} from "./config/options.ts";
export type { Env } from "./env.ts";
export { AuthError, type ErrorCode } from "./errors.ts";
export type { RouteName } from "./http/router.ts";
export type { Json, JsonObject } from "./json.ts";
export type { Algorithm, PublicJwk } from "./keys/algorithms.ts";
export type { Jwk } from "./keys/jwk.ts";
export { type SafeRedirectOptions, safeRedirect } from "./oauth/redirect.ts";
export type { HookAnswer } from "./sessions/engine.ts";
export type { AuthEvent } from "./sessions/events.ts";
export type { Device, EndReason, Session, SessionDetails, Transport } from "./sessions/session.ts";
export type { Store } from "./store.ts";
export type { ThrottleRule } from "./throttle/decide.ts";
export type { RateLimits } from "./throttle/limits.ts";
export { days, hours, minutes, type Seconds, seconds } from "./time.ts";
export type { AccessClaims } from "./tokens/claims.ts";
export type { ProviderAccount, ProviderTokens } from "./tokens/provider-tokens.ts";
export type { Identifier, LinkedAccount, User, UserStore } from "./users/store.ts";
