import { openAddress } from "./address.ts";
import { type Device, listDevices, revokeDevice } from "./devices.ts";
import { type Env, platform } from "./env.ts";
import { fetchWithSession } from "./fetch.ts";
import type { SignedIn } from "./keeper.ts";
import { type OAuthOptions, type OAuthStart, startOAuth } from "./oauth.ts";
import { renew } from "./refresh.ts";
import type { Result } from "./result.ts";
import { signIn, signOut } from "./sign-in.ts";
import type { Session, SessionState, User } from "./state.ts";
import { type TokenStorage, tokenTransport } from "./tokens.ts";
import { cookieTransport, openAsk, type SignOutScope } from "./transport.ts";
import { openKeeper, subscribe } from "./watch.ts";

export interface ClientOptions {
  /** Where Latchkey's routes are: `/auth`, or `https://api.example.com/auth`. */
  readonly baseURL: string;
  /** Further origins that `fetch` proves the session to. Default: that of `baseURL` alone. */
  readonly trustedOrigins?: readonly string[];
  /** Keeps the tokens of a client without cookies: React Native, a command line, a service. Default: cookies. */
  readonly storage?: TokenStorage;
  /** The platform, for tests. */
  readonly env?: Partial<Env>;
}

/** What a user signs in with: `email` or `username`, as `password()` on the server says. */
export type Credentials =
  | { readonly email: string; readonly password: string }
  | { readonly username: string; readonly password: string };

/** A client of one server. Its results are values; only `fetch` rejects, as the platform's does. */
export interface AuthClient<U = User, C = unknown> {
  readonly session: {
    /** The state as it is known now: `loading` until somebody subscribes or signs in. The same object until it changes. */
    readonly get: () => SessionState<U, C>;
    /**
     * Calls `listen` with each new state, and asks the server for the first. From the first listener to the last, the
     * access token is renewed before it is over, while the page is visible. Returns what ends it.
     */
    readonly subscribe: (listen: (state: SessionState<U, C>) => void) => () => void;
  };
  /** Fails with `identifier_taken`, `weak_password`, `invalid_request`, `rate_limited`. */
  readonly signUp: (credentials: Credentials) => Promise<Result<SignedIn<U, C>>>;
  readonly signIn: {
    /** Fails with `invalid_credentials`, `invalid_request`, `rate_limited`. */
    readonly password: (credentials: Credentials) => Promise<Result<SignedIn<U, C>>>;
    /** Leads the page to a provider. It comes back to `redirectTo`, with `?error=code` where that failed. */
    readonly oauth: (provider: string, options?: OAuthOptions) => Promise<Result<OAuthStart>>;
    /** Ends a sign-in of a native app with the code that came to it (RFC 7636 4.5). Needs `storage`. */
    readonly exchange: (code: NativeCode) => Promise<Result<SignedIn<U, C>>>;
  };
  /**
   * Ends this session (the default), the user's others, or all. It succeeds where there was none. With
   * `store_unavailable` nobody is signed in here any more, and the session lives on in the store.
   */
  readonly signOut: (options?: { readonly scope?: SignOutScope | undefined }) => Promise<Result<null>>;
  /** Renews the access token now. `data` is the session. A 401 of the server signs out; no other failure does. */
  readonly refresh: () => Promise<Result<Session<C>>>;
  /**
   * `fetch`, with the session where the request goes to the server's origin or a trusted one. It renews first where that
   * is due. A 401 is answered by one renewal and one repetition, unless somebody else signed in meanwhile; a body is kept
   * in memory for it.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  readonly devices: {
    readonly list: () => Promise<Result<readonly Device<C>[]>>;
    /** Signs a device out. Fails with `not_found`. */
    readonly revoke: (id: string) => Promise<Result<null>>;
  };
}

export interface NativeCode {
  readonly code: string;
  readonly codeVerifier: string;
}

/**
 * Makes a client. It asks nothing of the network, and changes nothing of the page, before it is used: it may stand at the
 * top of a module that a server renders. Make one, and share it: each has a state of its own. Throws a `TypeError` that
 * names the option for a `baseURL` or an origin that cannot be meant.
 *
 * @example
 * const client = createAuthClient({ baseURL: "/auth" });
 */
export function createAuthClient<U = User, C = unknown>(options: ClientOptions): AuthClient<U, C> {
  const { baseURL, storage, trustedOrigins = [] } = options;
  const env: Env = { ...platform(), ...options.env };
  const address = openAddress(baseURL, trustedOrigins, env.page);
  const ask = openAsk(address, env);
  const transport = storage === undefined ? cookieTransport(ask) : tokenTransport(ask, storage);
  // Who keeps tokens has another session than the cookies beside it: the two have no turns to take, and nothing to tell.
  const keeper = openKeeper(`latchkey:${baseURL}${storage === undefined ? "" : ":tokens"}`, transport, env);
  const send: AuthClient["fetch"] = async (input, init) => {
    const target = typeof input === "string" ? address.absolute(input) : input;
    return fetchWithSession(keeper, address, new Request(target, init));
  };
  const client: AuthClient<unknown> = {
    session: { get: () => keeper.state, subscribe: (listen) => subscribe(keeper, listen) },
    signUp: (credentials) => signIn(keeper, "/signup", credentials),
    signIn: {
      password: (credentials) => signIn(keeper, "/login", credentials),
      oauth: (provider, how = {}) => startOAuth(keeper, address, provider, how),
      exchange: ({ code, codeVerifier }) =>
        signIn(keeper, "/oauth/exchange", { code, code_verifier: codeVerifier }),
    },
    signOut: ({ scope = "session" } = {}) => signOut(keeper, scope),
    refresh: () => renew(keeper),
    fetch: send,
    devices: {
      list: () => listDevices(send, address),
      revoke: (id) => revokeDevice(keeper, send, address, id),
    },
  };
  return client as AuthClient<U, C>;
}
