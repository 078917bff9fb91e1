import {
  type Auth,
  type AuthEvent,
  type AuthOptions,
  type ContextShape,
  createAuth,
  type JsonObject,
  type User,
} from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { type PasswordProvider, password, scryptHasher } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { type Browser, openBrowser } from "./browser.ts";
import { type Clock, settableClock } from "./clock.ts";

export const ANN = { email: "ann@example.com", password: "correct horse battery" };
export const BOB = { email: "bob@example.com", password: "a different staple" };
export const SECRET = "d2f1c0a94b7e43d58c6f7a8b9e0d1c2f-of-tests";

/** One auth, its clock and its events. */
export interface World<Context = JsonObject, U extends User = User> {
  readonly auth: Auth<Context, U>;
  readonly store: Store;
  readonly clock: Clock;
  readonly events: AuthEvent[];
  /** Opens a browser without cookies. */
  browser(origin?: string): Browser;
  /** Opens a browser, and signs Ann up in it, or in where she is known. */
  signedIn(user?: typeof ANN): Promise<Browser>;
}

export type WorldOptions<Context, U extends User> = Partial<AuthOptions<Context, U>> & {
  readonly clock?: Clock;
};

/** Password sign-in whose hashes cost next to nothing. */
export function cheapPassword(identifier: "email" | "username" = "email"): PasswordProvider {
  return password({ identifier, hasher: scryptHasher({ cost: { ln: 4, r: 8, p: 1 } }) });
}

/** Makes an auth on a settable clock, in memory unless `store` says otherwise. */
export function makeWorld<Context extends ContextShape = JsonObject, U extends User = User>(
  options: WorldOptions<Context, U> = {},
): World<Context, U> {
  const { clock = settableClock(), ...given } = options;
  const events: AuthEvent[] = [];
  const store = given.store ?? memory();
  const auth = createAuth<Context, U>({
    providers: [cheapPassword()],
    onEvent: (event) => events.push(event),
    env: { clock: clock.now },
    rateLimit: false,
    ...given,
    store,
  });
  const browser = (origin = given.baseURL ?? "http://localhost:3000"): Browser =>
    openBrowser({ server: auth, clock, origin });
  const signedIn = async (user: typeof ANN = ANN): Promise<Browser> => {
    const opened = browser();
    const known = (await auth.users.find({ email: user.email })) !== null;
    const answer = await opened.post(known ? "/auth/login" : "/auth/signup", user);
    if (!answer.ok) throw new Error(`sign-in answered ${answer.status}`);
    return opened;
  };
  return { auth, store, clock, events, browser, signedIn };
}

/** The types of the events, in their order. */
export function typesOf(events: readonly AuthEvent[]): readonly string[] {
  return events.map(({ type }) => type);
}
