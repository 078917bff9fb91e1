import type { SignUpMode } from "../accounts/app.ts";
import type { PreviousCookie } from "../cookies/site.ts";
import type { Algorithm } from "../keys/algorithms.ts";
import type { Jwk } from "../keys/jwk.ts";
import type { MailOptions } from "../mail/mailer.ts";
import type { EmailCodeProvider, MagicLinkProvider } from "../mail/providers.ts";
import type { OAuthProvider } from "../oauth/provider.ts";
import type { PasswordProvider } from "../password/provider.ts";
import type { JsonObject } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import type { OnError } from "../platform/faults.ts";
import type { Seconds } from "../platform/time.ts";
import type { AuthHooks } from "../sessions/engine.ts";
import type { AuthEvent } from "../sessions/events.ts";
import type { Session } from "../sessions/session.ts";
import type { Store } from "../store.ts";
import type { RateLimits } from "../throttle/throttle.ts";
import type { PublicUser, User, UserStore } from "../users/user.ts";

/** The part of Standard Schema (standardschema.dev) that Latchkey uses: valibot, zod and arktype schemas have it. */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** What a Standard Schema makes of a value: the parsed value, or what is wrong with it. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/**
 * What a context may be: an object. The second part fits every object too. It has TypeScript keep the literals in
 * `from: () => ({ role: "reader" })`, which it would otherwise widen to `string`.
 */
export type ContextShape = object | { readonly [key: string]: ContextLiteral };
export type ContextLiteral = "" | 0 | true | ContextShape | readonly ContextLiteral[];

/** A way to sign in. */
export type Provider = PasswordProvider | OAuthProvider | MagicLinkProvider | EmailCodeProvider;

/** What `createAuth` takes. Durations are whole seconds; `minutes(5)` and `days(14)` help. */
export interface AuthOptions<Context = JsonObject, U extends User = User> {
  /** Where sessions, users and keys live. */
  readonly store: Store;
  /** Ways to sign in, such as `password()`. Default none. */
  readonly providers?: readonly Provider[];
  /**
   * Whether an account at a provider leads to a user who is there already by an address that both sides have proved.
   * Default true. With `false` an account is linked by its user alone, while signed in.
   */
  readonly linkByEmail?: boolean;
  readonly oauth?: {
    /**
     * Where a sign-in with a provider ends that failed without a target to return to: its cookie is lost or used, the target is
     * not allowed, there were too many attempts. The page gets `?error=` and the code. A path of the application, or the URL
     * of an origin in `trustedOrigins`, by the rules of `redirect_to`. Default none: then a small page of Latchkey shows the
     * message. A person who is signed in after all does not see either (RFC 9700 4.11.1).
     */
    readonly errorURL?: string;
  };
  /**
   * Which requests may create a user. Default `"open"`.
   *
   * - `"open"`: every sign-up, and the first sign-in with an account at a provider.
   * - `"invited"`: a sign-up or a sign-in with a provider that has the token of an invitation. `auth.users.invite` sends it.
   * - `"closed"`: none.
   *
   * Any other one fails with `forbidden`. `magicLink()` and `emailCode()` create users only if their own `signUp` is true too, and
   * only with `"open"`; an invitation creates one by `POST /signup`. In every mode existing users sign in and link accounts, and `auth.users.create` creates users.
   */
  readonly signUp?: SignUpMode;
  /** The origin that users see, such as `https://app.example.com`. Without it only localhost is served. */
  readonly baseURL?: string | undefined;
  /** The path of the routes. Default `/auth`. */
  readonly basePath?: string;
  /**
   * Other origins whose pages may sign in and call the routes with credentials; compared exactly. They are https, except
   * on localhost. A custom scheme, as `com.example.app://`, is where a native app may be sent back to. Default none.
   */
  readonly trustedOrigins?: readonly string[];
  /**
   * Newest first, at least 32 bytes each. Seals private keys, keys HS256. Required unless only localhost is served: there the default is
   * one that is drawn for each process, and private keys are stored unsealed. If it is missing or empty elsewhere, as in a build, every
   * request gets 500 `internal_error`, `onError` gets an error that names it, and `check` finds it.
   */
  readonly secret?: string | readonly (string | undefined)[] | undefined;
  readonly accessToken?: {
    /** The life of an access token. Default 10 minutes; at least twice the lease, at most 24 hours. */
    readonly lifetime?: Seconds;
    /** The signature of access tokens. Default EdDSA. */
    readonly algorithm?: Algorithm;
    /** The claim `iss` of access tokens. Default `baseURL`, else `http://localhost`. */
    readonly issuer?: string;
    /** The claim `aud` of access tokens. Default the issuer. */
    readonly audience?: string;
    /**
     * Returns more claims for each token: a plain object, synchronously. Each refresh reads the user for it, with one more
     * call to the store. Default none.
     */
    readonly claims?: NoInfer<(session: Session<Context>, user: PublicUser<U>) => JsonObject>;
  };
  readonly refreshToken?:
    | {
        /** Idle life of a session. Default 14 days; null never ends. */
        readonly lifetime?: Seconds | null;
        /** Absolute life of a session. Default 90 days; null never ends. */
        readonly maxLifetime?: Seconds | null;
        /** After a refresh token is issued, no other one is issued for this long. Default 60, from 5 to 300. */
        readonly lease?: Seconds;
        /** `validate` refreshes this long before the access token expires. Default a fifth of its life, at most 60. */
        readonly refreshBefore?: Seconds;
      }
    | false;
  readonly keys?: {
    /** How long a key signs, before the next one replaces it. Default 30 days, at least an hour. */
    readonly rotateEvery?: Seconds;
    /** Keys of your own; the first, a private one, signs. Then Latchkey neither makes nor rotates any. Default: Latchkey makes them. */
    readonly provided?: readonly Jwk[];
  };
  readonly cookies?: {
    /** Without prefix, which Latchkey adds. Default `latchkey.access` and `latchkey.refresh`. */
    readonly names?: {
      /** The name of the cookie with the access token, at most 64 characters. Default `latchkey.access`. */
      readonly access?: string;
      /** The name of the cookie with the refresh token, at most 64 characters. Default `latchkey.refresh`. */
      readonly refresh?: string;
    };
    /**
     * Whole names of cookies from earlier configurations. A sibling subdomain can set those without the `__Host-` prefix:
     * one that is alone in a request is believed, so remove a name once the sessions under it are over.
     */
    readonly previous?: readonly PreviousCookie[];
    /**
     * Shares the cookies with subdomains. Default none: this host only.
     *
     * It gives up the `__Host-` prefix: every subdomain can then set these cookies. Two live sessions in one request are
     * answered with 401 and the intruder's cookie is expired. A subdomain that replaces both cookies, or sets them in a
     * browser that has none, is not detected: the browser is signed in to the attacker's account (RFC 6265bis 8.6).
     */
    readonly domain?: string;
    /**
     * Default lax. With `strict`, a link on another site opens a page without the session, also a link in a message; the requests of
     * that page have it. The callback of a provider then answers with a page that leads to the target, in place of a redirect, so
     * that the target has the session. With `none`, pages of `trustedOrigins` on other sites have it too.
     */
    readonly sameSite?: "lax" | "strict" | "none";
    /**
     * Keeps the cookies in the jar of the page that embeds the application (CHIPS), where browsers that block third-party cookies
     * still send them. It needs `sameSite: "none"`, and has no effect at http://localhost. Default false.
     *
     * Each embedding site then has a session of its own, and so has the application as a page of its own. A sign-in with a provider
     * and a link in a message open such a page: their session does not reach the embedded one. Any site can embed the application;
     * the header `Content-Security-Policy: frame-ancestors` limits that.
     */
    readonly partitioned?: boolean;
    /**
     * `/`, the default, or `basePath`: then the refresh cookie goes nowhere else, and `validate` cannot refresh.
     *
     * It gives up the `__Host-` prefix of the refresh cookie: a sibling subdomain can then set one beside it. Two live
     * sessions in one request are answered with 401 and the intruder's cookie is expired. A refresh cookie that is set in
     * a browser without one is not detected (RFC 6265bis 8.6).
     */
    readonly refreshPath?: string;
  };
  readonly cors?: {
    /**
     * Further headers that pages of `trustedOrigins` may send, such as `x-datadog-trace-id`. Always allowed are `content-type`, the header
     * of `bearer`, and those of tracing: `baggage`, `sentry-trace`, `traceparent`, `tracestate`, `x-request-id`. Default no others.
     */
    readonly allowHeaders?: readonly string[];
  };
  readonly bearer?: {
    /** The header with the access token of a client without cookies. Default `authorization`. */
    readonly header?: string;
    /** The words that may stand before the token. Default `["Bearer"]`. */
    readonly schemes?: readonly string[];
  };
  /** Whether a token is good only for the transport it was made for. Default true. */
  readonly restrictTransport?: boolean;
  /** Refuse unsafe requests that carry neither Sec-Fetch-Site nor Origin. Default false. */
  readonly requireFetchMetadata?: boolean;
  readonly sessions?: {
    /** What the application keeps with a session, checked and typed by a schema. */
    readonly context?: {
      /** Checks the context, and types it. What it returns is kept. */
      readonly schema: StandardSchema<Context>;
      /** Makes the context of a session at sign-in, synchronously. Without it, it is `{}`. */
      readonly from?: (request: Request, user: PublicUser<NoInfer<U>>) => NoInfer<Context>;
    };
    /** Live sessions per user; a new one ends the oldest. Default null, as many as there are. */
    readonly limit?: number | null;
    /** Keep sessions that are over, for audit. Default false: `prune` deletes them. */
    readonly keepEnded?: boolean;
    /** When the newest refresh token counts as received. Default `on-refresh`: once it is presented. */
    readonly confirm?: "on-refresh" | "early";
  };
  /**
   * How `validate` learns that the session of a live access token has ended.
   *
   * - `{ pollEvery }`, the default, with 10 seconds: each process reads the list of ended sessions from the store at most once per
   *   interval. A request starts the read and does not wait for it, except at the first request of a process and after an
   *   interval and a second without a read, then for at most a second. While the list is more than three intervals behind,
   *   `whenBehind` accepts tokens (default), or refuses them with `store_unavailable`.
   * - `"store"`: each call asks the store.
   * - `"none"`: an access token is valid until it expires. The default with `logout.keepAccessToken`.
   */
  readonly revocation?:
    | "none"
    | "store"
    | {
        /** The seconds between two reads of the list. Default 10, from 1 to 300. */
        readonly pollEvery?: Seconds;
        /** Whether tokens are accepted or refused while the list is too old. Default `accept`. */
        readonly whenBehind?: "accept" | "refuse";
      };
  /**
   * How many verified access tokens this instance keeps in memory: the last ones that were used, and at most twice as many. One
   * takes about 1 kB, and more with a large context. A token that is kept costs no second check of its signature. Its expiry, its key, its audience and the end of its session are
   * checked each time. Default 16,384, and 2,048 on Cloudflare Workers; from 1 to 1,000,000. `false` keeps none.
   */
  readonly tokenCache?: number | false;
  readonly user?: {
    /** What `/me`, `/session` and sign-in answers show of a user: a plain object. Default id, email, username, name, picture. */
    readonly serialize?: NoInfer<(user: PublicUser<U>) => object>;
  };
  /** Users of your own. Default the store's. */
  readonly users?: UserStore<U>;
  readonly hooks?: AuthHooks<NoInfer<Context>, NoInfer<U>>;
  /** Hears of everything that happens. Never holds a secret; what it throws goes to `onError`, and fails no request. Default none. */
  readonly onEvent?: (event: AuthEvent) => unknown;
  /**
   * Gets every error of the server whole, with its cause: what a hook, a callback, a schema, a provider or a store threw.
   * Clients never see it. Default: it is printed with its stack. What `onError` throws is of no effect.
   *
   * The error is the original, so it may hold whatever your code or your driver wrote into it.
   */
  readonly onError?: OnError;
  /**
   * What is limited. By default, in 15 minutes: 10 failed sign-ins by account and client network, and 100 by account. In a
   * minute: 100 failed sign-ins and 20 sign-ups by client network, 600 refreshes by session, 300 refreshes that prove no
   * session by client network, and 20 requests for a message by client network. In an hour: 5 sign-ups with one email or
   * username, and 5 messages that are asked for to one address.
   *
   * A browser in which the user has signed in before has a device cookie, and 10 failures in 15 minutes of its own: no
   * attempt elsewhere counts against it. `false` limits nothing, and sets no device cookie.
   */
  readonly rateLimit?: Partial<RateLimits> | false;
  /**
   * The client's address, in place of the one that the host passes to `handle` and `validate`; null to use that one. Default
   * null. Read a header here only if your proxy overwrites it: otherwise clients choose their address.
   */
  readonly clientAddress?: (request: Request) => string | null;
  /**
   * The proxies in front of the application, whose `X-Forwarded-For` and `Forwarded` are believed. Default none: these
   * headers are ignored.
   *
   * A number counts entries from the right: with 2, the client is the second entry from the right, or the first one if
   * there are fewer. Every request must come through that many proxies, because a client that avoids one of them chooses
   * its address. A list of networks, such as `["10.0.0.0/8", "2001:db8::1"]`, is stricter: entries are skipped from the
   * right while the address is in one of them, and the headers are ignored unless the connection comes from one.
   *
   * If a request has both headers, they must name the same client: requests that do not have no address, and share one
   * limit. So let your proxy remove the header that it does not write. See RFC 7239.
   */
  readonly trustedProxies?: number | readonly string[];
  /** How long a store may take, in seconds. Default 5. */
  readonly storeTimeout?: Seconds;
  /** Sends the messages of the life of an account. Default none: then the routes that send messages answer `not_found`. */
  readonly mail?: MailOptions;
  readonly logout?: {
    /** Leave the access cookie until it expires. Default false. */
    readonly keepAccessToken?: boolean;
  };
  /** Clock, randomness and fetch, for tests. */
  readonly env?: Partial<Env>;
}
