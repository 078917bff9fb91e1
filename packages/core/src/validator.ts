import { jarAfter } from "./cookies/cookie.ts";
import { type Site, siteAt } from "./cookies/site.ts";
import { checkWebOrigin } from "./csrf/origin.ts";
import { type Credentials, isForged, readCredentials } from "./http/request.ts";
import { refusal, sessionHeaders } from "./http/response.ts";
import type { Validation } from "./http/validation.ts";
import type { Jwk } from "./keys/jwk.ts";
import type { Keys } from "./keys/keys.ts";
import { readKeySet, remoteKeys } from "./keys/remote.ts";
import { type Env, now, platformEnv } from "./platform/env.ts";
import { AuthError } from "./platform/errors.ts";
import type { JsonObject } from "./platform/json.ts";
import { isLoopback } from "./platform/loopback.ts";
import { sessionOfClaims } from "./sessions/access-token.ts";
import { verifyPresented } from "./sessions/presented-tokens.ts";
import type { Session } from "./sessions/session.ts";

export type { InvalidSession, Validation, ValidSession } from "./http/validation.ts";
export type { Jwk } from "./keys/jwk.ts";
export type { Env } from "./platform/env.ts";
export type { ErrorCode } from "./platform/errors.ts";
export type { Json, JsonObject } from "./platform/json.ts";
export type { AccessClaims } from "./sessions/access-token.ts";
export type { Session, SessionId, Transport } from "./sessions/session.ts";
export type { UserId } from "./users/user.ts";

/** What `createValidator` takes. */
export interface ValidatorOptions {
  /** Where the server that signs publishes its keys, as `https://app.example.com/auth/jwks`. This, or `jwks`. */
  readonly jwksUrl?: string;
  /** The keys themselves, as `auth.keys.jwks()` returns them. */
  readonly jwks?: { readonly keys: readonly Jwk[] };
  /** `accessToken.issuer` of the server that signs; by default its `baseURL`. */
  readonly issuer: string;
  /** `accessToken.audience`; by default the issuer. */
  readonly audience?: string;
  /** As the server that signs has them. */
  readonly cookies?: { readonly names?: { readonly access?: string }; readonly domain?: string };
  readonly bearer?: { readonly header?: string; readonly schemes?: readonly string[] };
  /** The origin that users see. Default the request's own. */
  readonly baseURL?: string;
  /** Other origins whose pages may send unsafe requests with cookies; https, except on localhost. */
  readonly trustedOrigins?: readonly string[];
  /** Default true, as for `createAuth`. */
  readonly restrictTransport?: boolean;
  readonly env?: Partial<Env>;
}

export interface Validator<Context> {
  /**
   * Tells who sends a request, by its access token alone. Never throws on input.
   *
   * It cannot refresh, and does not see that a session has ended: its access token is good until it expires. Without the
   * keys it answers `store_unavailable`.
   */
  validate(request: Request): Promise<Validation<Context>>;
}

/**
 * Makes a validator for a server that has no store, such as one at the edge: it checks access tokens by the public keys
 * of the server that signs them. HS256 has none.
 *
 * @example
 * const { validate } = createValidator({ jwksUrl: "https://app.example.com/auth/jwks", issuer: "https://app.example.com" });
 */
export function createValidator<Context = JsonObject>(options: ValidatorOptions): Validator<Context> {
  const settings = settingsOf(options);
  return Object.freeze({
    async validate(request: Request): Promise<Validation<Context>> {
      let credentials: Credentials | null = null;
      try {
        const site = placeOf(request, settings);
        if (site === null) return refusal(settings, "unauthenticated", null);
        credentials = readCredentials(request.headers, site, settings, { userAgent: null, address: null });
        if (isForged(request, site, credentials, settings))
          return refusal(settings, "csrf_rejected", credentials);
        return await validateAccess<Context>(settings, credentials);
      } catch (error) {
        return refusal(settings, error instanceof AuthError ? error.code : "internal_error", credentials);
      }
    },
  });
}

type Find = Keys["find"];
type Settings = ReturnType<typeof settingsOf>;

function settingsOf(options: ValidatorOptions) {
  const env: Env = { ...platformEnv, ...options.env };
  const { issuer, audience = issuer, cookies, bearer, baseURL } = options;
  const { header = "authorization", schemes = ["bearer"] } = bearer ?? {};
  const access = cookies?.names?.access ?? "latchkey.access";
  demand(typeof issuer === "string" && issuer !== "", "issuer is missing: pass the server's");
  demand(
    typeof audience === "string" && audience !== "",
    "audience is empty: leave it out, or pass the server's",
  );
  demand(schemes.length > 0 && !schemes.includes(""), "bearer.schemes must name a scheme");
  const origin = baseURL === undefined ? null : URL.parse(baseURL);
  demand(
    baseURL === undefined || origin?.origin === baseURL,
    "baseURL must be an origin, such as https://app.example.com",
  );
  return {
    env,
    issuer,
    audience,
    restrictTransport: options.restrictTransport ?? true,
    find: keysOf(options, env),
    baseURL: origin,
    cookies: {
      names: { access, refresh: "" },
      domain: cookies?.domain ?? null,
      sameSite: "lax" as const,
      refreshPath: "/",
      previous: [],
    },
    bearer: { header, schemes: schemes.map((scheme) => scheme.toLowerCase()) },
    trustedOrigins: new Set((options.trustedOrigins ?? []).map(checkWebOrigin)),
    requireFetchMetadata: false,
  };
}

function demand(isMet: boolean, otherwise: string): void {
  if (!isMet) throw new TypeError(otherwise);
}

function keysOf({ jwksUrl, jwks }: ValidatorOptions, env: Env): Find {
  demand(
    (jwksUrl === undefined) !== (jwks === undefined),
    "createValidator takes jwksUrl or jwks: pass one of them",
  );
  if (jwksUrl === undefined) {
    demand((jwks?.keys ?? []).length > 0, "jwks has no keys: pass what auth.keys.jwks() returns");
    return fixedKeys(jwks);
  }
  const url = URL.parse(jwksUrl);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  demand(
    isSafe && url.password === "",
    "jwksUrl must be an https URL without credentials: keys come by https",
  );
  return remoteKeys(env, jwksUrl);
}

function fixedKeys(jwks: unknown): Find {
  const keys = readKeySet(jwks);
  return async (kid) => keys?.get(kid) ?? null;
}

function placeOf({ url }: Request, settings: Settings): Site | null {
  const baseURL = settings.baseURL ?? URL.parse(url);
  return baseURL === null ? null : { ...siteAt(baseURL, { baseURL, cookies: settings.cookies }), url };
}

async function validateAccess<Context>(
  { env, find, issuer, audience, restrictTransport, bearer }: Settings,
  credentials: Credentials,
): Promise<Validation<Context>> {
  const expected = { keys: { find }, issuer, audience, restrictTransport, now: now(env) };
  const access = await verifyPresented(expected, credentials.presented);
  if (access.kind !== "live") {
    return refusal({ bearer }, access.kind === "none" ? access.code : "unauthenticated", credentials);
  }
  const session = sessionOfClaims(access.claims) as Session<Context>;
  return {
    ok: true,
    session,
    userId: session.userId,
    claims: access.claims,
    transport: credentials.presented.transport,
    refreshed: false,
    headers: sessionHeaders(bearer.header),
    cookies: jarAfter(credentials.cookies, []),
  };
}
