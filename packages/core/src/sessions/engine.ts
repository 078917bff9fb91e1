import type { Keys } from "../keys/keys.ts";
import type { JsonObject } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import type { Report } from "../platform/faults.ts";
import type { Seconds } from "../platform/time.ts";
import type { ProviderAccount, PublicUser, User } from "../users/user.ts";
import type { AccessClaims } from "./access-claims.ts";
import type { TokenSettings } from "./access-token.ts";
import type { RotationOutcome } from "./decide.ts";
import type { Emit } from "./events.ts";
import type { RefreshPolicy } from "./policy.ts";
import type { EndedFeed } from "./revocation.ts";
import type { Device, Session, Transport } from "./session.ts";
import type { SessionStore } from "./session-store.ts";
import type { TokenCache } from "./token-cache.ts";

/**
 * The result of a hook: undefined to continue, `false` to refuse, or a new context for the session. Anything else, such as
 * null or the row of a query, is `internal_error`: it does not grant access.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is the common one
export type HookAnswer<Context = unknown> = void | false | { readonly context: Context };

/** What `hooks.validated` may answer, at once: nothing, `false` to refuse, or members to replace for this request. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is the common one
export type ValidatedAnswer<Context = unknown> = void | false | ValidatedChange<Context>;

/** What `hooks.validated` replaces for this request. */
export interface ValidatedChange<Context = unknown> {
  readonly context?: Context;
  readonly claims?: JsonObject;
}

/** The allowed results of these hooks, for an error message. */
export const HOOK_ANSWERS = "undefined to continue, false to refuse, or { context }";

/** The callbacks of the application, in the order in which they run for a session. */
export interface AuthHooks<Context = unknown, U extends User = User> {
  /** Runs after the credentials were verified, before tokens are sent. Default none. */
  readonly signedIn?: (event: SigningIn<Context, U>) => HookAnswer<Context> | Promise<HookAnswer<Context>>;
  /** Runs after every refresh, before tokens are sent. Default none. */
  readonly refreshed?: (event: Refreshed<Context>) => HookAnswer<Context> | Promise<HookAnswer<Context>>;
  /**
   * Runs synchronously on every validation. `false` refuses with 401. An object replaces the members that it has. Any other
   * result is `internal_error`, also a promise or a query that is not awaited. Default none.
   */
  readonly validated?: (event: Validated<Context>) => ValidatedAnswer<Context>;
}

/** What `hooks.signedIn` sees: the session that starts, and its user. */
export interface SigningIn<Context = unknown, U extends User = User> {
  readonly session: Session<Context>;
  readonly user: PublicUser<U>;
  /** The account at a provider that the user signed in with, and the provider's tokens, this once; null for any other method. */
  readonly account: ProviderAccount | null;
  /** Whether this sign-in created the user. False for a user whom the application created, and in `sessions.create`. */
  readonly isNewUser: boolean;
}

/** What `hooks.refreshed` sees: the session, and what the refresh token was. */
export interface Refreshed<Context = unknown> {
  readonly session: Session<Context>;
  readonly outcome: Exclude<RotationOutcome, "reuse">;
}

/** The input of `hooks.validated`: the session, its claims, and the transport of the token. */
export interface Validated<Context = unknown> {
  readonly session: Session<Context>;
  readonly claims: AccessClaims;
  readonly transport: Transport;
}

/**
 * How `validate` learns that the session of a live access token has ended: never, from the store at each call, or from a list
 * that the process reads every few seconds.
 */
export type RevocationPolicy =
  | "none"
  | "store"
  | { readonly pollEvery: Seconds; readonly whenBehind: "accept" | "refuse" };

export interface SessionSettings extends TokenSettings {
  readonly accessLifetime: Seconds;
  readonly refresh: RefreshPolicy | null;
  readonly restrictTransport: boolean;
  readonly limit: number | null;
  readonly keepEnded: boolean;
  /** The size of the cache of verified tokens; `false` for none, undefined for the default of the platform. */
  readonly tokenCache: number | false | undefined;
  readonly revocation: RevocationPolicy;
  /** Validates a context, or throws an `AuthError`. Without a schema it returns the context unchanged. */
  readonly parseContext: (context: unknown) => Promise<JsonObject>;
  readonly hooks: AuthHooks;
}

/** The dependencies of the session operations. `createAuth` makes one. */
export interface SessionEngine {
  readonly env: Env;
  readonly store: SessionStore;
  readonly keys: Keys;
  /** The access tokens that this instance verified. No other instance shares it. */
  readonly cache: TokenCache;
  readonly settings: SessionSettings;
  readonly emit: Emit;
  /** Is called when a session ended because its refresh token was used twice. `device` is the one of that request. */
  readonly onReuse: (reuse: { readonly userId: string; readonly device: Device | null }) => void;
  /** Tells the developer of a fault, also of one that does not fail the request. */
  readonly report: Report;
  readonly findUser: (id: string) => Promise<User | null>;
  /** Whether users are in another store, so that `sessions.create` cannot check them in its atomic step. */
  readonly usersElsewhere: boolean;
  /** Whether a token is minted with its user: `accessToken.claims` gets the user, and another store does not check users. */
  readonly needsUser: boolean;
  /** The list of ended sessions; null unless `revocation` polls it. */
  readonly ended: EndedFeed | null;
  /** The `jti` of recent access tokens that were confirmed early, so that each token costs one write. */
  readonly confirmed: Set<string>;
}
