import { hasNamePrefix, isCookieName } from "./cookies/cookie.ts";
import { cookiePlaces, lastSite, type Site, siteWith } from "./cookies/site.ts";
import { checkOrigin } from "./csrf/trusted-origin.ts";
import { glimpseToken, keptSession, type SeenToken } from "./http/glimpse.ts";
import { bearerToken, refusal } from "./http/response.ts";
import type { Validation } from "./http/validation.ts";
import type { Jwk } from "./keys/jwk.ts";
import { faultOfPublished, readKeySet } from "./keys/key-set.ts";
import type { Keys } from "./keys/keys.ts";
import { isRecord, type JsonObject, titleCase } from "./platform/encoding.ts";
import { type Env, envOf, type LateLoad, loadLate, now } from "./platform/env.ts";
import { AuthError } from "./platform/errors.ts";
import { checkMembers, FLAG, type MembersOf, refuse } from "./platform/option-error.ts";
import { isLoopback, isPrivateHost } from "./platform/origin.ts";
import type { AccessExpectation } from "./sessions/presented-tokens.ts";
import type { RemoteEnds } from "./sessions/remote-ends.ts";
import { CACHE_SIZE, isCacheSize, recallToken, tokenCache } from "./sessions/token-cache.ts";

export type { RequestHost } from "./accounts/client.ts";
export type { InvalidSession, Validation, ValidSession } from "./http/validation.ts";
export type { Jwk } from "./keys/jwk.ts";
export type { Json, JsonObject } from "./platform/encoding.ts";
export type { Env } from "./platform/env.ts";
export type { ErrorCode } from "./platform/errors.ts";
export type { AccessClaims } from "./sessions/access-claims.ts";
export type { Session, SessionId, Transport } from "./sessions/session.ts";
export type { UserId } from "./users/user.ts";

/** What `createValidator` takes. */
export interface ValidatorOptions {
  /**
   * Where the server that signs publishes its keys, as `https://app.example.com/auth/jwks`. This, or `jwks`. A key of the set that
   * is not safe, or that has private members, is not used, and neither are two keys with the same `kid`. Default none.
   */
  readonly jwksUrl?: string;
  /**
   * Where the server that signs publishes its ended sessions, as `https://app.example.com/auth/ended`. It is read at most every 8
   * seconds, as `revocation: { pollEvery }` of `createAuth` reads the store. Default: a token is valid until it expires.
   */
  readonly endedUrl?: string;
  /**
   * Whether `jwksUrl` and `endedUrl` may be http URLs of a private network, such as `http://auth:3000/auth/jwks`: a name of one label,
   * `*.internal`, `*.local`, `*.svc`, or a private address. A public name still needs https. An attacker that can change the
   * traffic of that network can then sign tokens. Default false.
   */
  readonly allowInsecure?: boolean;
  /** Whether tokens are accepted or refused while `endedUrl` could not be read for 24 seconds. Default `accept`. */
  readonly whenBehind?: "accept" | "refuse";
  /** The keys themselves, as `auth.keys.jwks()` returns them. A key that is not safe to use is refused with a `TypeError`. Default none. */
  readonly jwks?: {
    /** One public key or more. */
    readonly keys: readonly Jwk[];
  };
  /** `accessToken.issuer` of the server that signs; by default its `baseURL`. */
  readonly issuer: string;
  /** `accessToken.audience`; by default the issuer. */
  readonly audience?: string;
  /** As the server that signs has them. */
  readonly cookies?: {
    readonly names?: {
      /** The name without prefix, at most 64 characters. Default `latchkey.access`. */
      readonly access?: string;
    };
    /** The domain that shares the cookies. Default none. */
    readonly domain?: string;
  };
  readonly bearer?: {
    /** The header with the access token of a client without cookies. Default `authorization`. */
    readonly header?: string;
    /** The words that may stand before the token. Default `["Bearer"]`. */
    readonly schemes?: readonly string[];
  };
  /** The origin that users see. Default the request's own. */
  readonly baseURL?: string;
  /** Other origins whose pages may send unsafe requests with cookies; https, except on localhost. Default none. */
  readonly trustedOrigins?: readonly string[];
  /** Whether a token is good only for the transport it was made for. Default true, as for `createAuth`. */
  readonly restrictTransport?: boolean;
  /** How many verified tokens are kept in memory, from 1 to 1,000,000; `false` keeps none. Default as for `createAuth`. */
  readonly tokenCache?: number | false;
  /** Clock, randomness and fetch, for tests. */
  readonly env?: Partial<Env>;
}

/** What the host of a validator knows. */
export interface ValidatorHost {
  /** Keeps the read of `endedUrl` alive after the request, as `ctx.waitUntil` of Workers does. It is called as a function. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}

/** Validates requests by their access tokens, without a store. */
export interface Validator<Context> {
  /**
   * Tells who sends a request, by its access token alone. Never throws on input.
   *
   * It cannot refresh. It sees that a session has ended only with `endedUrl`. Without the keys it answers `store_unavailable`.
   */
  validate(request: Request, host?: ValidatorHost): Promise<Validation<Context>>;
}

/**
 * Makes a validator for a server that has no store, such as one at the edge: it checks access tokens by the public keys
 * of the server that signs them. HS256 has none. Throws a `TypeError` that names the option for a wrong configuration.
 *
 * @example
 * const { validate } = createValidator({ jwksUrl: "https://app.example.com/auth/jwks", issuer: "https://app.example.com" });
 */
export function createValidator<Context = JsonObject>(options: ValidatorOptions): Validator<Context> {
  const settings = settingsOf(options);
  return Object.freeze({
    async validate(request: Request, host?: ValidatorHost): Promise<Validation<Context>> {
      try {
        const site = settings.siteOf(request.url);
        if (site === null) return refusal(settings, "unauthenticated", null);
        const seen = glimpseToken(request, site, bearerToken(request.headers, settings));
        if (seen === "none") return refusal(settings, "unauthenticated", null);
        const expected = expectationOf(settings);
        const recalled = seen === null ? null : recallAccess(settings, seen, expected);
        if (recalled !== null) return recalled as Validation<Context>;
        const { verifyRequest } = settings.verifier.known() ?? (await settings.verifier.get());
        const keepAlive = host?.waitUntil ?? null;
        const found = await verifyRequest({ request, site, seen, expected, keepAlive }, settings);
        return found as Validation<Context>;
      } catch (error) {
        return refusal(settings, error instanceof AuthError ? error.code : "internal_error", null);
      }
    },
  });
}

type Verifying = Pick<Keys, "find" | "known">;
type Settings = ReturnType<typeof settingsOf>;

const OPTIONS: MembersOf<ValidatorOptions> = {
  jwksUrl: null,
  endedUrl: null,
  whenBehind: ["accept", "refuse"],
  jwks: null,
  issuer: null,
  audience: null,
  cookies: { names: { access: null }, domain: null },
  bearer: { header: null, schemes: null },
  baseURL: null,
  trustedOrigins: null,
  allowInsecure: FLAG,
  restrictTransport: FLAG,
  tokenCache: null,
  env: { clock: null, random: null, fetch: null },
};

function settingsOf(options: ValidatorOptions) {
  checkMembers("createValidator", options, OPTIONS);
  const env = envOf(options.env);
  const { issuer, audience = issuer, cookies, bearer, baseURL, trustedOrigins = [] } = options;
  const { header = "authorization", schemes = ["bearer"] } = bearer ?? {};
  const access = cookies?.names?.access ?? "latchkey.access";
  if (issuer === undefined) throw new TypeError("createValidator: issuer is missing: pass the server's");
  assertOption(isText(issuer), "issuer", issuer, "the server's issuer, a string");
  assertOption(isText(audience), "audience", audience, "the server's audience: leave it out, or pass it");
  assertOption(isText(header), "bearer.header", header, "the name of a header");
  const isScheme = Array.isArray(schemes) && schemes.length > 0 && schemes.every(isText);
  assertOption(isScheme, "bearer.schemes", schemes, 'a list of names such as ["Bearer"]');
  const isName = isText(access) && isCookieName(access);
  assertOption(isName, "cookies.names.access", access, "the name of a cookie");
  const isPlain = !hasNamePrefix(access);
  assertOption(isPlain, "cookies.names.access", access, "without prefix: Latchkey adds the right one");
  assertOption(Array.isArray(trustedOrigins), "trustedOrigins", trustedOrigins, "a list of origins");
  const origin = baseURL === undefined ? null : URL.parse(baseURL);
  const isOrigin = baseURL === undefined || origin?.origin === baseURL;
  assertOption(isOrigin, "baseURL", baseURL, "an origin, such as https://app.example.com");
  const { tokenCache: size } = options;
  assertOption(
    size === undefined || isCacheSize(size),
    "tokenCache",
    size,
    CACHE_SIZE.replace("must be ", ""),
  );
  return {
    env,
    issuer,
    audience,
    restrictTransport: options.restrictTransport ?? true,
    keys: keysOf(options, env),
    cache: tokenCache(size),
    ends: endsOf(options, env),
    // Loaded for the first request that memory does not answer.
    verifier: loadLate(() => import("./http/verify-request.ts")),
    siteOf: siteReaderOf(origin, access, cookies?.domain ?? null),
    bearer: { header: titleCase(header), schemes: schemes.map((scheme) => scheme.toLowerCase()) },
    trustedOrigins: new Set(trustedOrigins.map(checkOrigin)),
    requireFetchMetadata: false,
  };
}

function assertOption(isMet: boolean, option: string, value: unknown, expected: string): void {
  if (!isMet) throw refuse(`createValidator: ${option}`, value, `it must be ${expected}`);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function keysOf({ jwksUrl, jwks, allowInsecure = false }: ValidatorOptions, env: Env): Verifying {
  if ((jwksUrl === undefined) === (jwks === undefined))
    throw new TypeError("createValidator takes jwksUrl or jwks: pass one of them");
  if (jwksUrl === undefined) {
    if (!isRecord(jwks) || !Array.isArray(jwks["keys"]) || jwks["keys"].length === 0)
      throw new TypeError("createValidator: jwks has no keys: pass what auth.keys.jwks() returns");
    const fault = faultOfPublished(jwks["keys"]);
    if (fault !== null) throw new TypeError(`createValidator: jwks.${fault}`);
    return fixedKeys(jwks);
  }
  assertOption(
    isSafeUrl(jwksUrl, allowInsecure),
    "jwksUrl",
    jwksUrl,
    `${expectedUrl(jwksUrl, allowInsecure)}: keys come by https`,
  );
  return fetchedKeys(jwksUrl, env);
}

function fetchedKeys(url: string, env: Env): Verifying {
  const remote = loadLate(async () => (await import("./keys/remote.ts")).remoteKeys(env, url, readKeySet));
  return {
    known: (kid, at) => remote.known()?.known(kid, at) ?? null,
    async find(kid) {
      const { find } = await remote.get();
      return find(kid);
    },
  };
}

function expectedUrl(text: string, allowInsecure: boolean): string {
  const expected = "an https URL without credentials";
  if (allowInsecure) return `${expected}, or an http URL of a private network`;
  return isSafeUrl(text, true) ? `${expected}, or allowInsecure must be true` : expected;
}

function isSafeUrl(text: string, allowInsecure: boolean): boolean {
  const url = URL.parse(text);
  const isOpen = allowInsecure ? isPrivateHost : isLoopback;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isOpen(url.hostname));
  return isSafe && url.username === "" && url.password === "";
}

// Loaded only for a validator that reads the list.
function endsOf(
  { endedUrl, whenBehind = "accept", allowInsecure = false }: ValidatorOptions,
  env: Env,
): LateLoad<RemoteEnds> | null {
  if (endedUrl === undefined) return null;
  assertOption(
    isSafeUrl(endedUrl, allowInsecure),
    "endedUrl",
    endedUrl,
    expectedUrl(endedUrl, allowInsecure),
  );
  return loadLate(async () => {
    const { remoteEnds } = await import("./sessions/remote-ends.ts");
    return remoteEnds(env, endedUrl, whenBehind);
  });
}

function fixedKeys(jwks: unknown): Verifying {
  const keys = readKeySet(jwks);
  return { known: (kid) => keys?.get(kid) ?? null, find: async (kid) => keys?.get(kid) ?? null };
}

function siteReaderOf(
  fixed: URL | null,
  access: string,
  domain: string | null,
): (url: string) => Site | null {
  const names = { access, refresh: "" };
  const sameSite = "lax";
  const cookies = { names, domain, sameSite, partitioned: false, refreshPath: "/" } as const;
  const at = (origin: URL): Site => siteWith(origin, cookiePlaces(origin, cookies), [], []);
  if (fixed === null) return lastSite(at);
  const site = at(fixed);
  return () => site;
}

function expectationOf({
  env,
  keys,
  cache,
  issuer,
  audience,
  restrictTransport,
}: Settings): AccessExpectation {
  return { keys, cache, issuer, audience, restrictTransport, now: now(env) };
}

/** Validates a token by memory alone, as `recallSession` of a server with a store. */
function recallAccess(settings: Settings, seen: SeenToken, expected: AccessExpectation): Validation | null {
  const known = recallToken(expected, seen);
  if (known === null) return null;
  const { ends } = settings;
  if (ends !== null && ends.known()?.passes(known.claims, expected.now) !== true) return null;
  return keptSession(known.claims, seen, settings);
}
