import type { Auth } from "../auth/auth.ts";
import { memory } from "../memory.ts";
import type { JsonObject } from "../platform/encoding.ts";
import { type Env, now, platformEnv } from "../platform/env.ts";
import type { Store } from "../store.ts";
import type { User, UserId } from "../users/user.ts";
import type { ValidatorOptions } from "../validator.ts";
import { createTestAuth, type TestAuth } from "./auth.ts";
import type { TestClock } from "./clock.ts";
import type { SignedIn, SignInOptions } from "./sign-in.ts";

/** The options of the validator of an application. The default of `issuer` is `http://localhost`. */
export type TestIssuerOptions = Partial<ValidatorOptions>;

/** What `signInAs` of an issuer takes. */
export interface IssuedSignInOptions extends SignInOptions {
  /** More claims for the access tokens of this user, as `accessToken.claims` of the server that signs returns them. Default none. */
  readonly claims?: JsonObject;
}

/** The server that signs, for an application that has a validator only. */
export interface TestIssuer {
  /** The given options for `createValidator`, with the clock and the keys of this issuer. */
  readonly options: ValidatorOptions;
  /** The time of the issuer and of the validator. It stands still until a test advances it. */
  readonly clock: TestClock;
  /** The auth that signs. `auth.sessions.revoke(session.id)` ends a session, which a validator with `endedUrl` notices. */
  readonly auth: Auth;
  /** Signs a user in. Any id will do: an unknown user is created. */
  signInAs(userId: UserId, options?: IssuedSignInOptions): Promise<SignedIn>;
}

/**
 * Makes a server that signs, for the tests of an application that has `createValidator` alone. Pass the options of its validator, and
 * give `options` of the result to `createValidator`. The tokens are those of a `createTestAuth` with keys of its own.
 *
 * With `jwksUrl` and `endedUrl`, `env.fetch` of the result answers these two URLs. Without `jwksUrl`, the result has `jwks`. A
 * cookie is for `baseURL`, else for the origin of the issuer, and not for another host. Throws a `TypeError` for options that
 * `createAuth` refuses.
 *
 * @example
 * const issuer = await createTestIssuer({ issuer: "https://app.example.com" });
 * const { validate } = createValidator(issuer.options);
 * const { headers } = await issuer.signInAs("ada", { transport: "bearer" });
 */
export async function createTestIssuer(given: TestIssuerOptions = {}): Promise<TestIssuer> {
  const store = memory();
  const claims = new Map<UserId, JsonObject>();
  const { auth, clock, signInAs } = authOf(given, store, claims);
  const { jwksUrl, issuer = DEFAULT_ISSUER } = given;
  const jwks = jwksUrl === undefined ? { jwks: await auth.keys.jwks() } : {};
  const env = { ...given.env, clock: clock.now, fetch: publisher(auth, given) };
  return {
    options: { ...given, issuer, ...jwks, env },
    clock,
    auth,
    async signInAs(userId, { claims: more = {}, ...options } = {}) {
      if ((await store.users.get(userId)) === null) await store.users.create(newUser(userId, clock));
      claims.set(userId, more);
      return signInAs(userId, options as SignInOptions<JsonObject>);
    },
  };
}

const DEFAULT_ISSUER = "http://localhost";

function authOf(
  { issuer = DEFAULT_ISSUER, audience = issuer, baseURL = originOf(issuer), cookies, env }: TestIssuerOptions,
  store: Store,
  claims: ReadonlyMap<UserId, JsonObject>,
): TestAuth {
  return createTestAuth({
    store,
    baseURL,
    accessToken: { issuer, audience, claims: ({ userId }) => claims.get(userId) ?? {} },
    ...(cookies === undefined ? {} : { cookies }),
    ...(env === undefined ? {} : { env }),
  });
}

function originOf(issuer: string): string {
  const url = URL.parse(issuer);
  return url === null || url.origin === "null" ? DEFAULT_ISSUER : url.origin;
}

/** Answers `jwksUrl` and `endedUrl` by the routes of the auth that signs. */
function publisher(auth: Auth, { jwksUrl, endedUrl, env }: TestIssuerOptions): Env["fetch"] {
  const { fetch = platformEnv.fetch } = env ?? {};
  return (input, init) => {
    const request = new Request(input, init);
    const [url] = request.url.split("?", 1);
    if (url === jwksUrl) return auth.handlers.jwks(request);
    return url === endedUrl ? auth.handlers.ended(request) : fetch(request);
  };
}

function newUser(id: UserId, clock: TestClock): User {
  return {
    id,
    email: null,
    username: null,
    name: null,
    picture: null,
    emailVerified: false,
    passwordHash: null,
    credentialsVersion: 0,
    createdAt: now({ clock: clock.now }),
    disabledAt: null,
  };
}
