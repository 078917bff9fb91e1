export type {
  EmailCalls,
  IdTokenInput,
  IdTokenNonce,
  IdTokenSignIns,
  MailSignIns,
  PasswordCalls,
  Remember,
  Verified,
} from "./calls.ts";
export {
  type AuthClient,
  type ClientOptions,
  type Credentials,
  createAuthClient,
  type NativeCode,
  type SignUp,
} from "./client.ts";
export type { SignedIn } from "./client-session.ts";
export type { Device } from "./devices.ts";
export type { Channel, Env, Page } from "./env.ts";
export type { OAuthOptions, OAuthStart } from "./oauth.ts";
export type { ClientError, Failure, Result, ServerCode } from "./result.ts";
export type { Session, SessionState, User, WithoutUser } from "./state.ts";
export type { TokenStorage } from "./tokens.ts";
export type { SignOutScope } from "./transport.ts";
