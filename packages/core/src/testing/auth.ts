import type { Auth } from "../auth/auth.ts";
import { createAuth } from "../auth/create-auth.ts";
import type { AuthOptions, ContextShape, Provider } from "../auth/options.ts";
import type { MailOptions } from "../mail/mailer.ts";
import { memory } from "../memory.ts";
import { pbkdf2Hasher } from "../password/pbkdf2.ts";
import { type PasswordProvider, password } from "../password/provider.ts";
import { type JsonObject, toBase64url } from "../platform/encoding.ts";
import { platformEnv } from "../platform/env.ts";
import type { AuthEvent } from "../sessions/events.ts";
import type { User, UserId } from "../users/user.ts";
import { type TestClock, testClock } from "./clock.ts";
import { captureMail, type TestMail } from "./mail.ts";
import { type SignedIn, type SignInOptions, signInAs } from "./sign-in.ts";

/** The options of `createAuth`, all of them optional. */
export type TestAuthOptions<Context = JsonObject, U extends User = User> = Partial<AuthOptions<Context, U>>;

/** An auth for tests, and what a test sets and reads. */
export interface TestAuth<Context = JsonObject, U extends User = User> {
  readonly auth: Auth<Context, U>;
  /** The time of the auth. It stands still until a test advances it. */
  readonly clock: TestClock;
  readonly mail: TestMail;
  /** Every event so far, the oldest first. */
  readonly events: readonly AuthEvent[];
  /** Calls `signInAs` with this auth, its `baseURL` and its clock. */
  signInAs(userId: UserId, options?: SignInOptions<Context>): Promise<SignedIn<Context>>;
}

/** The type of `createTestAuth`. */
export type CreateTestAuth = <Context extends ContextShape = JsonObject, U extends User = User>(
  options?: TestAuthOptions<Context, U>,
) => TestAuth<Context, U>;

/**
 * Makes an auth for the tests of an application, by `createAuth`: tokens, sessions, limits and refusals are the real ones. Pass the
 * options of the application. These differ:
 *
 * - `store` is `memory()`, `providers` is `[password()]` and `secret` is random, unless they are given.
 * - Passwords are hashed by one round of PBKDF2. Hashes of other kinds are verified by the hasher of the given provider.
 * - The clock stands still at the present time. With `env.clock` it moves with that one. `clock.advance` moves it.
 * - Messages are captured, and `mail.send` is not called. Events are captured too, and `onEvent` is called.
 *
 * It does not replace `env.fetch`: a provider and `haveIBeenPwned()` are asked over the network unless `env.fetch` answers. Not for
 * production: the hashes are not safe. Throws a `TypeError` for an option that `createAuth` refuses.
 *
 * @example
 * const { auth, clock, mail, events, signInAs } = createTestAuth();
 */
export const createTestAuth: CreateTestAuth = (options = {}) => {
  const start = platformEnv.clock();
  const clock = testClock(options.env?.clock ?? (() => start));
  const { mail, send } = captureMail();
  const events: AuthEvent[] = [];
  const auth = createAuth({
    ...options,
    ...defaultsFor(options),
    mail: mailOptions(options.mail, send),
    onEvent: (event) => {
      events.push(event);
      return options.onEvent?.(event);
    },
    env: { ...options.env, clock: clock.now },
  });
  const { baseURL = "" } = options;
  const browser = { clock, ...(baseURL === "" ? {} : { origin: baseURL }) };
  const signIn = (userId: UserId, given?: object) => signInAs(auth, userId, { ...browser, ...given });
  return { auth, clock, mail, events, signInAs: signIn };
};

function defaultsFor({
  store = memory(),
  providers = [password()],
  secret = "",
}: Pick<TestAuthOptions, "store" | "providers" | "secret">) {
  return {
    store,
    providers: providers.map(withFastHash),
    secret: secret === "" ? toBase64url(platformEnv.random(32)) : secret,
  };
}

/** The options without what reaches the mail system. */
function mailOptions({ pages, texts }: Partial<MailOptions> = {}, send: MailOptions["send"]): MailOptions {
  return { send, ...(pages === undefined ? {} : { pages }), ...(texts === undefined ? {} : { texts }) };
}

function withFastHash(provider: Provider): Provider {
  if (provider.type !== "password") return provider;
  const { minLength, identifier } = provider;
  const hasher = pbkdf2Hasher({ rounds: 1 });
  const fast: PasswordProvider = password({ minLength, identifier, hasher });
  return {
    ...provider,
    hash: fast.hash,
    verify: (input, stored) =>
      stored === null || !hasher.needsRehash(stored)
        ? fast.verify(input, stored)
        : provider.verify(input, stored),
    // An import asks which hashes can be verified.
    judgeHash: async (stored) => {
      const verdict = await fast.judgeHash(stored);
      return verdict.kind === "ok" ? verdict : provider.judgeHash(stored);
    },
  };
}
