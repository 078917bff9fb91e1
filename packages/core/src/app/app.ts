import type { Config } from "../config/config.ts";
import type { AuthHooks } from "../config/options.ts";
import type { OAuthConnection, OAuthProvider } from "../oauth/provider.ts";
import type { PasswordProvider } from "../password/provider.ts";
import type { SessionEngine } from "../sessions/engine.ts";
import type { Device } from "../sessions/session.ts";
import type { ThrottleStore } from "../throttle/store.ts";
import type { TokenStore } from "../tokens/store.ts";
import type { User, UserStore } from "../users/store.ts";

/** A provider, and the connection to it that this `createAuth` made. */
export interface ConnectedProvider {
  readonly provider: OAuthProvider;
  readonly connection: OAuthConnection;
}

/** Everything the routes and `auth` work with. `createAuth` makes one; nothing in it changes. */
export interface App<Context, U extends User> {
  readonly config: Config;
  readonly engine: SessionEngine<Context, U>;
  readonly users: UserStore<U>;
  readonly throttle: ThrottleStore;
  /** Counts what is not worth a call to the store, in this process. */
  readonly localThrottle: ThrottleStore;
  readonly tokens: TokenStore;
  readonly password: PasswordProvider | null;
  readonly oauth: ReadonlyMap<string, ConnectedProvider>;
  /** What seals the state of a sign-in and the tokens of a provider, newest first; on localhost one may be drawn. */
  readonly sealing: () => readonly [string, ...string[]];
  readonly serialize: (user: U) => object;
  /** Makes the context of a session at sign-in, which `settings.parseContext` has yet to check. */
  readonly contextOf: (request: Request, user: U) => unknown;
  readonly validated: AuthHooks<Context, U>["validated"] | null;
  readonly deviceOf: (request: Request) => Device;
}
