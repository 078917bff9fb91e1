import type { CookieOptions, PreviousCookie, Site } from "../cookies/site.ts";
import type { Sealer } from "../keys/seal.ts";
import type { MailScope, PostMail } from "../mail/mailer.ts";
import type { EmailCodeProvider, MagicLinkProvider } from "../mail/providers.ts";
import type { OAuthConnection, OAuthProvider } from "../oauth/provider.ts";
import type { PasswordProvider } from "../password/provider.ts";
import type { Env } from "../platform/env.ts";
import type { Reporter } from "../platform/faults.ts";
import type { Seconds } from "../platform/time.ts";
import type { SessionEngine } from "../sessions/engine.ts";
import type { RateLimits, ThrottleStore } from "../throttle/throttle.ts";
import type { TokenStore } from "../users/one-time-token.ts";
import type { User, UserStore } from "../users/user.ts";
import type { Client, RequestHost } from "./client.ts";

/** Which requests may create a user. */
export type SignUpMode = "open" | "invited" | "closed";

/** What the routes and the use cases read of the options, with every default applied. */
export interface Config {
  /** If null, only localhost is served. */
  readonly baseURL: URL | null;
  readonly basePath: string;
  /** Origins, and custom schemes with `://`. */
  readonly trustedOrigins: ReadonlySet<string>;
  readonly cookies: CookieOptions & { readonly previous: readonly PreviousCookie[] };
  /** The name of the header as `Vary` has it, and the schemes in lower case. */
  readonly bearer: { readonly header: string; readonly schemes: readonly string[] };
  /** Further headers that pages of trusted origins may send, in lower case. */
  readonly allowHeaders: ReadonlySet<string>;
  readonly requireFetchMetadata: boolean;
  readonly linkByEmail: boolean;
  readonly signUp: SignUpMode;
  /** Where a sign-in with a provider ends that failed without a target; null shows a page of Latchkey. */
  readonly errorURL: string | null;
  readonly storeTimeout: Seconds;
  readonly keepAccessToken: boolean;
  /** Null turns rate limits off. */
  readonly limits: RateLimits | null;
}

/** A provider and its connection, which belongs to one `createAuth`. */
export interface ConnectedProvider {
  readonly provider: OAuthProvider;
  readonly connection: OAuthConnection;
}

/** The dependencies of the use cases and the routes. `createAuth` makes one. It never changes. */
export interface App {
  readonly config: Config;
  readonly env: Env;
  readonly engine: SessionEngine;
  readonly users: UserStore;
  readonly throttle: ThrottleStore;
  /** Counts attempts in this process, for attempts that cost less than a call to the store. */
  readonly localThrottle: ThrottleStore;
  readonly tokens: TokenStore;
  readonly password: PasswordProvider | null;
  readonly oauth: ReadonlyMap<string, ConnectedProvider>;
  /** Sends a message after the answer; null without the option `mail`. */
  readonly mail: PostMail | null;
  readonly magicLink: MagicLinkProvider | null;
  readonly emailCode: EmailCodeProvider | null;
  /** Makes `mail` for a request; null without the option `mail`. */
  readonly mailFor: ((scope: MailScope) => PostMail) | null;
  /** The secrets that seal the state of a sign-in and the tokens of a provider, newest first. */
  readonly sealing: () => readonly [string, ...string[]];
  /** Seals the cookie that remembers a browser. */
  readonly deviceSealer: Sealer;
  readonly serialize: (user: User) => object;
  /** Makes the context of a session at sign-in. `settings.parseContext` checks it. */
  readonly contextOf: (request: Request, user: User) => unknown;
  readonly clientOf: (request: Request, host?: RequestHost) => Client;
  readonly reporter: Reporter;
  /** Tells the developer of an origin that the CSRF check refused: each once, and a few at most. */
  readonly reportOrigin: (origin: string, ownOrigin: string) => void;
  /** Tells the developer why a provider failed: once for each key and minute. */
  readonly reportProvider: (minute: number, key: string, line: string) => void;
  /** The id of the request that this is for; null outside of a request. */
  readonly requestId: () => string | null;
  /** Returns the site for the URL of a request, or the default site for null. Null for a host that is not served. */
  readonly siteOf: (url: string | null) => Site | null;
  /** The same without the URL, which most requests do not need. */
  readonly originOf: (url: string) => Site | null;
}
