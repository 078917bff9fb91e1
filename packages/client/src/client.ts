import { createAddress } from "./address.ts";
import {
  callsOf,
  type EmailCalls,
  type IdTokenSignIns,
  type MailSignIns,
  type PasswordCalls,
  type Remember,
  sendAgain,
} from "./calls.ts";
import { ClientSession, type SignedIn } from "./client-session.ts";
import { type Device, listDevices, revokeDevice } from "./devices.ts";
import { type Env, envOf } from "./env.ts";
import { createLock } from "./lock.ts";
import { type OAuthOptions, type OAuthStart, startOAuth } from "./oauth.ts";
import type { Result } from "./result.ts";
import type { Session, SessionState, User } from "./state.ts";
import { createTabs } from "./tabs.ts";
import { type TokenStorage, tokenTransport } from "./tokens.ts";
import { cookieTransport, createCallRoute, type SignOutScope, type Transport } from "./transport.ts";

/** What `createAuthClient` takes. */
export interface ClientOptions {
  /** Where Latchkey's routes are: `/auth`, or `https://api.example.com/auth`. */
  readonly baseURL: string;
  /** Further origins that get the session from `fetch`. Default: only the origin of `baseURL`. */
  readonly trustedOrigins?: readonly string[];
  /** Where to keep the tokens of a client without cookies: React Native, a command line, a service. Default: cookies. */
  readonly storage?: TokenStorage;
  /** Replaces functions of the platform, for tests. */
  readonly env?: Partial<Env>;
}

/** The identifier and the password of a user. The options of `password()` on the server say which identifier it takes. */
export type Credentials =
  | { readonly email: string; readonly password: string }
  | { readonly username: string; readonly password: string };

/** An address or a username in one field, for `identifier: "email-or-username"` on the server. */
export type EitherCredentials = { readonly identifier: string; readonly password: string };

/** The credentials of a new account, the name to show, and the token of an invitation if the user has one. */
export type SignUp = Credentials &
  Remember & {
    readonly name?: string | undefined;
    readonly invitation?: string | undefined;
  };

/** A client of one server. Calls resolve to a `Result` and never reject; only `fetch` rejects, as the `fetch` of the platform. */
export interface AuthClient<U = User, C = unknown> {
  readonly session: {
    /**
     * The current state. It is the same object until the state changes. It is `loading` until the first subscription,
     * sign-in or other request.
     */
    readonly get: () => SessionState<U, C>;
    /**
     * Calls `listen` with each new state. The first subscription loads the session. While there is a subscription and the
     * page is visible, the access token is refreshed before it expires. Returns a function that unsubscribes.
     */
    readonly subscribe: (listen: (state: SessionState<U, C>) => void) => () => void;
  };
  /**
   * Fails with `identifier_taken`, `weak_password`, `invalid_request`, `rate_limited`, `forbidden`. With
   * `verifyEmail: "required"` on the server, `data` is null: the user signs in after the verification of the address.
   */
  readonly signUp: (input: SignUp) => Promise<Result<SignedIn<U, C> | null>>;
  readonly signIn: MailSignIns<U, C> &
    IdTokenSignIns<U, C> & {
      /** Fails with `invalid_credentials`, `invalid_request`, `rate_limited`. */
      readonly password: (
        credentials: (Credentials | EitherCredentials) & Remember,
      ) => Promise<Result<SignedIn<U, C>>>;
      /** Navigates to a provider. The user comes back to `redirectTo`, with `?error=code` if the sign-in failed. */
      readonly oauth: (provider: string, options?: OAuthOptions) => Promise<Result<OAuthStart>>;
      /** Completes the sign-in of a native app with the code of its redirect (RFC 7636 4.5). Needs `storage`. */
      readonly exchange: (code: NativeCode) => Promise<Result<SignedIn<U, C>>>;
    };
  readonly password: PasswordCalls<U, C>;
  readonly email: EmailCalls<U, C>;
  /**
   * Replaces the session by one whose sign-in is recent. Call it after `insufficient_user_authentication`, then repeat the
   * request. Fails with `invalid_credentials`.
   */
  readonly reauthenticate: (input: { readonly password: string }) => Promise<Result<SignedIn<U, C>>>;
  readonly account: {
    /**
     * Deletes the account of the signed-in user, and signs out everywhere. Fails with `insufficient_user_authentication`: call
     * `reauthenticate` first.
     */
    readonly delete: () => Promise<Result<null>>;
  };
  /**
   * Ends this session (the default), the other sessions of the user, or all. It succeeds if there was no session. If it
   * fails with `store_unavailable`, this client is signed out, but the session still exists on the server.
   */
  readonly signOut: (options?: { readonly scope?: SignOutScope | undefined }) => Promise<Result<null>>;
  /** Refreshes the access token now. `data` is the session. A 401 of the server signs out; other failures do not. */
  readonly refresh: () => Promise<Result<Session<C>>>;
  /**
   * `fetch`, with the session if the request goes to the server's origin or to a trusted one. It refreshes first if that is
   * due. After a 401 it refreshes and sends the request once more, unless another user has signed in. It keeps the body in
   * memory for that.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  readonly devices: {
    readonly list: () => Promise<Result<readonly Device<C>[]>>;
    /** Signs a device out. Fails with `not_found`. */
    readonly revoke: (id: string) => Promise<Result<null>>;
  };
}

/** What `signIn.exchange` takes: the code of the redirect to the app, and its verifier. */
export interface NativeCode {
  /** The code that the redirect to the app carries. */
  readonly code: string;
  /** The verifier whose challenge was passed to `signIn.oauth`. */
  readonly codeVerifier: string;
}

/**
 * Creates a client. It sends no request and does not touch the page before it is used, so a module that a server renders
 * may create it. Create one client and share it, because each has a state of its own. Throws a `TypeError` that names the
 * option for an invalid `baseURL` or origin.
 *
 * @example
 * const client = createAuthClient({ baseURL: "/auth" });
 */
export function createAuthClient<U = User, C = unknown>(options: ClientOptions): AuthClient<U, C> {
  const { baseURL, storage, trustedOrigins = [] } = options;
  const env = envOf(options.env);
  const address = createAddress(baseURL, trustedOrigins, env.page);
  const callRoute = createCallRoute(address, env);
  const transport = storage === undefined ? cookieTransport(callRoute) : tokenTransport(callRoute, storage);
  // Token and cookie clients have separate sessions, so they share no lock and no channel.
  const name = `latchkey:${baseURL}${storage === undefined ? "" : ":tokens"}`;
  const lock = createLock(name, env.locks);
  const session = new ClientSession(env, transport, lock, createTabs(name, env.openChannel));
  const send: AuthClient["fetch"] = async (input, init) => {
    const request = new Request(typeof input === "string" ? address.absolute(input) : input, init);
    // An untrusted origin gets nothing of the session, and a 401 from there has no effect.
    return address.isTrusted(request.url)
      ? fetchWithSession(session, transport, env, request)
      : env.fetch(request);
  };
  const { signUp, password, email, mailSignIns, idTokenSignIns, reauthenticate, deleteAccount } =
    callsOf(session);
  const client: AuthClient<unknown> = {
    session: { get: () => session.state, subscribe: (listen) => session.subscribe(listen) },
    signUp,
    signIn: {
      ...mailSignIns,
      ...idTokenSignIns,
      password: (credentials) => session.signIn("/login", credentials),
      oauth: (provider, how = {}) => startOAuth({ lock, address, page: env.page }, provider, how),
      exchange: ({ code, codeVerifier }) =>
        session.signIn("/oauth/exchange", { code, code_verifier: codeVerifier }),
    },
    password,
    email,
    reauthenticate,
    account: { delete: deleteAccount },
    signOut: ({ scope = "session" } = {}) => session.signOut(scope),
    refresh: () => session.refresh(),
    fetch: send,
    devices: {
      list: () => listDevices(send, address),
      revoke: (id) => revokeDevice(session, send, address, id),
    },
  };
  return client as AuthClient<U, C>;
}

/** Sends a request with the session. After a 401 it refreshes, and sends the request once more. */
async function fetchWithSession(
  session: ClientSession,
  transport: Transport,
  env: Env,
  request: Request,
): Promise<Response> {
  await session.refreshIfDue();
  let refused: Response | null = null;
  const send = async (): Promise<Response> => {
    await refused?.body?.cancel();
    return env.fetch(await transport.authorize(request.clone()));
  };
  return sendAgain(session, send, (response) => {
    refused = response;
    return response.status === 401;
  });
}
