export type { NewUser } from "./accounts/accounts.ts";
export type { SignUpMode } from "./accounts/app.ts";
export type { RequestHost } from "./accounts/client.ts";
export type { EndSessionOptions } from "./accounts/end-session.ts";
export type { ImportedUser, ImportResult } from "./accounts/import-users.ts";
export type {
  Auth,
  CheckedPart,
  CheckProblem,
  CheckResult,
  CreateSessionOptions,
  IssuedSession,
  KeysApi,
  RefreshOutcome,
  SessionsApi,
} from "./auth/auth.ts";
export { createAuth, type DefineAuth, defineAuth } from "./auth/create-auth.ts";
export type { AuthOptions, ContextShape, Provider, StandardResult, StandardSchema } from "./auth/options.ts";
export type { UsersApi } from "./auth/users-api.ts";
export type { PreviousCookie } from "./cookies/site.ts";
export type { RouteName } from "./http/handle.ts";
export {
  applyValidation,
  type InvalidSession,
  type ValidateOptions,
  type Validation,
  type ValidSession,
  writeValidation,
} from "./http/validation.ts";
export type { Algorithm } from "./keys/algorithms.ts";
export type { Jwk, PublicJwk } from "./keys/jwk.ts";
export type { MailOptions } from "./mail/mailer.ts";
export type {
  MailContent,
  MailKinds,
  MailMessage,
  MailRecipient,
  MailText,
  MailTexts,
  MailType,
} from "./mail/message.ts";
export type { MailPages } from "./mail/pages.ts";
export {
  type EmailCodeProvider,
  emailCode,
  type MagicLinkProvider,
  type MailSignInOptions,
  magicLink,
} from "./mail/providers.ts";
export { type SafeRedirectOptions, safeRedirect } from "./oauth/redirect.ts";
export type { Json, JsonObject } from "./platform/encoding.ts";
export type { Env } from "./platform/env.ts";
export { AuthError, type ErrorCode, type ErrorOrigin } from "./platform/errors.ts";
export type { ErrorContext, OnError } from "./platform/faults.ts";
export { days, hours, minutes, type Seconds, seconds } from "./platform/time.ts";
export type { AccessClaims } from "./sessions/access-claims.ts";
export type {
  AuthHooks,
  HookAnswer,
  Refreshed,
  SigningIn,
  Validated,
  ValidatedAnswer,
  ValidatedChange,
} from "./sessions/engine.ts";
export type { AuthEvent, EventBody, SessionEventIds } from "./sessions/events.ts";
export type { Device, EndReason, Session, SessionDetails, SessionId, Transport } from "./sessions/session.ts";
export type { SessionLifetimes } from "./sessions/start.ts";
export type { StepUpBounds } from "./sessions/step-up.ts";
export type { Store } from "./store.ts";
export type { RateLimits, ThrottleRule } from "./throttle/throttle.ts";
export type { Identifier } from "./users/identifier.ts";
export type {
  LinkedAccount,
  ListOptions,
  ProviderAccount,
  ProviderTokens,
  PublicUser,
  User,
  UserChange,
  UserId,
  UserPage,
  UserRange,
  UserStore,
  UserUpdate,
} from "./users/user.ts";
