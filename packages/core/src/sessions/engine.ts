import type { Env } from "../env.ts";
import type { JsonObject } from "../json.ts";
import type { Keys } from "../keys/keys.ts";
import type { EpochSeconds, Seconds } from "../time.ts";
import type { ProviderAccount } from "../tokens/provider-tokens.ts";
import type { RotationOutcome } from "./decide.ts";
import type { Emit } from "./events.ts";
import type { RefreshPolicy } from "./policy.ts";
import type { Session } from "./session.ts";
import type { SessionStore } from "./store.ts";

/** What sessions need to know of a user. */
export interface SessionUser {
  readonly id: string;
  readonly credentialsVersion: number;
  readonly disabledAt: EpochSeconds | null;
}

/**
 * What a hook may answer: nothing, `false` to refuse, or a new context for the session. Anything else is `internal_error`:
 * a row, a list or null that a query found is no permission.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is the common one
export type HookAnswer<Context> = void | false | { readonly context: Context };

/** What those hooks may return, for the message of a fault. */
export const HOOK_ANSWERS = "undefined to go on, false to refuse, or { context }";

export interface SessionHooks<Context, U> {
  /** Runs after the credentials were found right, before a token leaves. */
  readonly signedIn?: (event: {
    readonly session: Session<Context>;
    readonly user: U;
    /** The account at a provider that the user signed in with, and the provider's tokens, this once; null for any other way. */
    readonly account: ProviderAccount | null;
  }) => HookAnswer<Context> | Promise<HookAnswer<Context>>;
  /** Runs after every refresh, before a token leaves. */
  readonly refreshed?: (event: {
    readonly session: Session<Context>;
    readonly outcome: Exclude<RotationOutcome, "reuse">;
  }) => HookAnswer<Context> | Promise<HookAnswer<Context>>;
}

export interface SessionSettings<Context, U> {
  readonly issuer: string;
  readonly audience: string;
  readonly accessLifetime: Seconds;
  readonly refresh: RefreshPolicy | null;
  readonly restrictTransport: boolean;
  readonly limit: number | null;
  readonly keepEnded: boolean;
  readonly confirm: "on-refresh" | "early";
  readonly revocation: "none" | "store";
  readonly claims: ((session: Session<Context>, user: U) => JsonObject) | null;
  /** Checks a context, or throws an `AuthError`; the identity where no schema is given. */
  readonly parseContext: (context: unknown) => Promise<Context & JsonObject>;
  readonly hooks: SessionHooks<Context, U>;
}

/** Everything the operations on sessions work with. `createAuth` makes one. */
export interface SessionEngine<Context, U extends SessionUser> {
  readonly env: Env;
  readonly store: SessionStore;
  readonly keys: Keys;
  readonly settings: SessionSettings<Context, U>;
  readonly emit: Emit;
  readonly findUser: (id: string) => Promise<U | null>;
  /** Whether users live where `store.create` cannot check them in its own atomic step. */
  readonly usersElsewhere: boolean;
  /** Access tokens whose early confirmation was seen to: the newest few, so that each costs one write. */
  readonly confirmed: Set<string>;
}
