import type { KeyStore } from "./keys/store.ts";
import type { SessionStore } from "./sessions/store.ts";
import type { ThrottleStore } from "./throttle/store.ts";
import type { TokenStore } from "./tokens/store.ts";
import type { UserStore } from "./users/store.ts";

/** Everything that Latchkey keeps. Its parts may come from different places. */
export interface Store {
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly keys: KeyStore;
  readonly tokens: TokenStore;
  readonly throttle: ThrottleStore;
}
