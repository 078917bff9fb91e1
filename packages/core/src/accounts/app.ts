import type { CookieOptions, PreviousCookie } from "../cookies/names.ts";
import type { Site } from "../cookies/site.ts";
import type { OAuthConnection, OAuthProvider } from "../oauth/provider.ts";
import type { PasswordProvider } from "../password/provider.ts";
import type { Env } from "../platform/env.ts";
import type { Seconds } from "../platform/time.ts";
import type { SessionEngine } from "../sessions/engine.ts";
import type { Device } from "../sessions/session.ts";
import type { RateLimits, ThrottleStore } from "../throttle/throttle.ts";
import type { TokenStore } from "../users/one-time-token.ts";
import type { User, UserStore } from "../users/user.ts";

/** What the routes and the use cases read of the options, with every default applied. */
export interface Config {
  /** Null serves localhost only. */
  readonly baseURL: URL | null;
  readonly basePath: string;
  /** Origins, and custom schemes with `://`. */
  readonly trustedOrigins: ReadonlySet<string>;
  readonly cookies: CookieOptions & { readonly previous: readonly PreviousCookie[] };
  readonly bearer: { readonly header: string; readonly schemes: readonly string[] };
  readonly requireFetchMetadata: boolean;
  readonly linkByEmail: boolean;
  readonly storeTimeout: Seconds;
  readonly keepAccessToken: boolean;
  /** Null limits nothing. */
  readonly limits: RateLimits | null;
}

/** A provider, and the connection to it that this `createAuth` made. */
export interface ConnectedProvider {
  readonly provider: OAuthProvider;
  readonly connection: OAuthConnection;
}

/** Everything that the use cases and the routes work with. `createAuth` makes one; nothing in it changes. */
export interface App {
  readonly config: Config;
  readonly env: Env;
  readonly engine: SessionEngine;
  readonly users: UserStore;
  readonly throttle: ThrottleStore;
  /** Counts attempts in this process, where a call to the store would cost more than the attempt. */
  readonly localThrottle: ThrottleStore;
  readonly tokens: TokenStore;
  readonly password: PasswordProvider | null;
  readonly oauth: ReadonlyMap<string, ConnectedProvider>;
  /** The secrets that seal the state of a sign-in and the tokens of a provider, newest first. */
  readonly sealing: () => readonly [string, ...string[]];
  readonly serialize: (user: User) => object;
  /** Makes the context of a session at sign-in. `settings.parseContext` checks it. */
  readonly contextOf: (request: Request, user: User) => unknown;
  readonly deviceOf: (request: Request) => Device;
  /** The site of a request by its URL, or without one; null for a host that is not served. */
  readonly siteOf: (url: string | null) => Site | null;
}
