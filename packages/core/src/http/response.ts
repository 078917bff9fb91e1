import type { App, Config } from "../accounts/app.ts";
import {
  addVary,
  type CookieChange,
  type CookiePair,
  type CookiePlace,
  deleteCookie,
  MAX_AGE,
  sessionHeaders,
  setCookie,
  writeChanges,
  writeSessionHeaders,
} from "../cookies/cookie.ts";
import { deleteUnpartitioned, pathOf, type Site, siblingPlaces, twinOf } from "../cookies/site.ts";
import { titleCase } from "../platform/encoding.ts";
import { AuthError, type ErrorCode, faultName, messages, statuses } from "../platform/errors.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { IssuedTokens } from "../sessions/access-token.ts";
import type { PresentedText } from "../sessions/presented-tokens.ts";
import { FRESH, type StepUpBounds, stepUpChallenge } from "../sessions/step-up.ts";
import type { InvalidSession } from "./validation.ts";
import { invalidSession } from "./validation-result.ts";

export type CredentialOptions = Pick<Config, "bearer">;

/** The token after a configured scheme; "" if such a scheme has not exactly one token; null without such a scheme. */
export function bearerToken(headers: Headers, { bearer }: CredentialOptions): string | null {
  const value = headers.get(bearer.header);
  if (value === null) return null;
  const [scheme = "", ...rest] = value.split(" ");
  if (!bearer.schemes.includes(scheme.toLowerCase())) return null;
  return rest.length === 1 ? (rest[0] ?? "") : "";
}

/** Makes a JSON response. It is `no-store` unless the headers have a Cache-Control. */
export function json(body: unknown, status: number, headers: Headers = new Headers()): Response {
  writeJsonHeaders(headers);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return new Response(JSON.stringify(body), { status, headers });
}

function writeJsonHeaders(headers: Headers): void {
  headers.set("content-type", "application/json; charset=utf-8");
  headers.set("x-content-type-options", "nosniff");
}

/** Makes an error response. `message` must be safe to show: never pass the message of a caught error. */
export function errorResponse(
  code: ErrorCode,
  headers?: Headers,
  message: string = messages[code],
): Response {
  return json({ error: code, message }, statuses[code], headers);
}

/** The cookies of a request. */
export interface SentCookies {
  readonly cookies: readonly CookiePair[];
}

/** The access tokens of a request. */
export interface SentTokens {
  readonly presented: { readonly access: readonly Pick<PresentedText, "token">[] };
}

/** Makes the challenge of a 401. RFC 6750 section 3: it has an error only if the request had an access token. */
export function challenge([scheme = "bearer"]: readonly string[], sent: SentTokens | null): string {
  const hasToken = sent?.presented.access.some(({ token }) => token !== "") === true;
  return hasToken ? `${titleCase(scheme)} error="invalid_token"` : titleCase(scheme);
}

/** Makes the challenge for a session whose sign-in does not meet the bounds (RFC 9470 section 3). */
export function challengeToStepUp({ bearer }: CredentialOptions, bounds: StepUpBounds): string {
  return stepUpChallenge(challenge(bearer.schemes, null), bounds);
}

/** Redirects the browser without a referrer (OAU-26). */
export function redirect(url: URL, headers: Headers): Response {
  headers.set("location", url.href);
  headers.set("referrer-policy", "no-referrer");
  // 303: the browser follows with GET after any method (RFC 9700 4.12).
  return new Response(null, { status: 303, headers });
}

/** Adds an error code to the target. */
export function addError(target: URL, code: string): URL {
  const url = new URL(target);
  url.searchParams.set("error", code);
  return url;
}

const FAILURE_STATUSES: ReadonlySet<number> = new Set([401, 403, 500, 503]);

/** Makes a failed validation. */
export function refusal(
  { bearer }: CredentialOptions,
  code: ErrorCode,
  sent: SentTokens | null,
  message: string = messages[code],
): InvalidSession {
  const status = statuses[code];
  // A hook may throw any code, but a validation only has these statuses.
  if (!isFailureStatus(status)) return refusal({ bearer }, "internal_error", sent);
  const makeHeaders = (): Headers => {
    const headers = sessionHeaders(bearer.header);
    // RFC 9110 15.5.2: every 401 has a challenge. A browser opens no dialog for this scheme.
    if (status === 401) headers.set("www-authenticate", challenge(bearer.schemes, sent));
    return headers;
  };
  return invalidSession({ code, status, message, makeHeaders, respond: errorResponse });
}

function isFailureStatus(status: number): status is InvalidSession["status"] {
  return FAILURE_STATUSES.has(status);
}

/** Makes a failed validation. A fault of the server has the id of the request. */
export function failRequest(
  app: App,
  code: ErrorCode,
  sent: SentTokens | null,
  message?: string,
): { readonly validation: InvalidSession; readonly changes: readonly [] } {
  const validation = refusal(app.config, code, sent, message);
  if (validation.status >= 500) writeRequestId(validation.headers, app);
  return { validation, changes: [] };
}

/** Maps an error to a code, reports a fault, and emits an event for an unexpected one. */
export function codeOf(app: App, error: unknown): ErrorCode {
  const code = error instanceof AuthError ? error.code : "internal_error";
  if (code === "internal_error") app.engine.emit({ type: "internal_error", error: faultName(error) });
  app.engine.report(error);
  return code;
}

// RFC 6750 3.1: a wrong password is no fault of the token beside it.
function challengeOf(code: ErrorCode, options: CredentialOptions): string | null {
  if (code === "invalid_credentials") return challenge(options.bearer.schemes, null);
  return code === "insufficient_user_authentication" ? challengeToStepUp(options, { maxAge: FRESH }) : null;
}

/** Answers an error: an `AuthError` with its own message, any other as `internal_error`. */
export function answerError(app: App, error: unknown, changes: readonly CookieChange[] = []): Response {
  const code = codeOf(app, error);
  const own = error instanceof AuthError && code !== "internal_error" ? error.message : messages[code];
  const headers = sessionHeaders(app.config.bearer.header);
  writeChanges(headers, changes);
  const challenged = challengeOf(code, app.config);
  if (challenged !== null) headers.set("www-authenticate", challenged);
  // RFC 6585 section 4.
  if (error instanceof AuthError && error.retryAfter !== null)
    headers.set("retry-after", `${error.retryAfter}`);
  if (statuses[code] >= 500) writeRequestId(headers, app);
  return errorResponse(code, headers, own);
}

/** Writes the id under which `onError` got the fault, so that the report of a user can be matched. */
export function writeRequestId(headers: Headers, { requestId }: Pick<App, "requestId">): void {
  const id = requestId();
  if (id !== null) headers.set("x-request-id", id);
}

/** Makes an uncacheable JSON response with cookie changes. */
export function respondJson(
  app: App,
  body: unknown,
  status: number,
  changes: readonly CookieChange[] = [],
): Response {
  const response = new Response(JSON.stringify(body), { status });
  // Written in place, because a Response copies the headers that it is made with.
  writeJsonHeaders(response.headers);
  writeSessionHeaders(response.headers, app.config.bearer.header);
  writeChanges(response.headers, changes);
  return response;
}

/** Makes the headers of an uncacheable response with cookie changes. */
export function headersOf(app: App, changes: readonly CookieChange[]): Headers {
  const headers = sessionHeaders(app.config.bearer.header);
  writeChanges(headers, changes);
  return headers;
}

/** Makes the cookies of newly issued tokens. Without a new refresh token, the refresh cookie stays unchanged. */
export function cookiesOf(site: Site, tokens: IssuedTokens): readonly CookieChange[] {
  const { access, refresh } = site.places;
  const { iat, session_expires: over } = tokens.claims;
  const ageOf = (age: Seconds): Seconds | null => (tokens.remember ? age : null);
  const changes = [setCookie(access, tokens.accessToken, ageOf(tokens.expiresIn))];
  if (tokens.refreshToken !== null) {
    changes.push(setCookie(refresh, tokens.refreshToken, ageOf(over === null ? MAX_AGE : over - iat)));
  }
  return [...deleteUnpartitioned(changes.map(({ place }) => place)), ...changes];
}

/** Deletes the former cookies of the request, so that none of them shadows a current one. */
export function deleteFormerCookies(site: Site, { cookies }: SentCookies): readonly CookieChange[] {
  const sent = new Set(cookies.map((cookie) => cookie.name));
  return site.previous.filter((place) => sent.has(place.name)).map(deleteCookie);
}

/** The codes after which a presented refresh token can never be valid again. Only these clear the cookies. */
export const FINAL_CODES: ReadonlySet<ErrorCode> = new Set([
  "session_expired",
  "session_revoked",
  "refresh_token_invalid",
  "refresh_token_reused",
]);

/** Deletes every cookie that could hold a token. */
export function clearSessionCookies(
  site: Site,
  credentials: SentCookies,
  { keepAccessToken, now }: { readonly keepAccessToken: boolean; readonly now: EpochSeconds },
): readonly CookieChange[] {
  const { access, refresh } = site.places;
  const current = keepAccessToken ? [refresh] : [access, refresh];
  const sent = ownNames(site, credentials);
  const isForeign = (name: string): boolean => name !== access.name && name !== refresh.name;
  const doubtful = sent.filter((name, index) => isForeign(name) || sent.indexOf(name) !== index);
  // Current cookies come last: a host that merges cookies by name keeps the last line.
  return [
    ...deleteSiblingCookies(site, doubtful, now),
    ...deleteFormerCookies(site, credentials),
    ...deleteUnpartitioned(current),
    ...current.map(deleteCookie),
  ];
}

/** Deletes the cookies that a sibling subdomain may have set, after a conflict. It keeps those at our own places. */
export function deleteRivalCookies(
  site: Site,
  credentials: SentCookies,
  now: EpochSeconds,
): readonly CookieChange[] {
  const sent = ownNames(site, credentials);
  const doubled = sent.filter((name, index) => sent.indexOf(name) !== index);
  // After `cookies.partitioned` is removed, the rival may be our own cookie of an embedding site, of any name.
  const isRival = (place: CookiePlace): boolean => place.sameSite === "none" && doubled.includes(place.name);
  const twins = currentPlaces(site).filter(isRival).map(twinOf);
  const siblings = deleteSiblingCookies(site, doubled.length > 0 ? doubled : sent, now);
  return [...twins.map(deleteCookie), ...siblings];
}

/** A proxy accepts 4 to 8 KB of response headers. */
const MAX_LINES = 32;

// If there are more places than lines, each second deletes another part, so that a few requests delete all.
function deleteSiblingCookies(
  site: Site,
  names: readonly string[],
  now: EpochSeconds,
): readonly CookieChange[] {
  const path = pathOf(site);
  const places = [...new Set(names)].flatMap((name) => {
    const [kept = { ...site.places.refresh, name, domain: null, path: "/" }, ...others] = ownPlaces(
      site,
      name,
    );
    const moved = others.filter((place) => place.domain !== kept.domain || place.path !== kept.path);
    return [...moved, ...siblingPlaces(kept, site.host, path)];
  });
  const from = places.length > MAX_LINES ? (now * MAX_LINES) % places.length : 0;
  return [...places.slice(from), ...places.slice(0, from)].slice(0, MAX_LINES).map(deleteCookie);
}

function currentPlaces({ places }: Site): readonly CookiePlace[] {
  return [places.access, places.refresh];
}

/** The places where Latchkey sets, or has set, cookies of a name. The current place comes first. */
function ownPlaces(site: Site, name: string): readonly CookiePlace[] {
  return [...currentPlaces(site), ...site.previous].filter((place) => place.name === name);
}

/** The names of the token cookies in a request. A repeated name is repeated here. */
function ownNames({ places, formerNames }: Site, { cookies }: SentCookies): readonly string[] {
  const names = new Set([places.access.name, places.refresh.name, ...formerNames]);
  return cookies.map(({ name }) => name).filter((name) => names.has(name));
}

/** The token members of RFC 6749 5.1, for bearer clients. */
export function tokenFields(tokens: IssuedTokens): Readonly<Record<string, unknown>> {
  return {
    access_token: tokens.accessToken,
    token_type: "Bearer",
    expires_in: tokens.expiresIn,
    ...(tokens.refreshToken === null ? {} : { refresh_token: tokens.refreshToken }),
  };
}

const EXPOSED = "Retry-After, X-Request-Id";

/** Lets pages of trusted origins read the response, with credentials. It names the origin, never `*` (Fetch 3.2). */
export function allowOrigin(headers: Headers, origin: string | null, trusted: ReadonlySet<string>): void {
  addVary(headers, "Origin");
  if (origin === null || !trusted.has(origin)) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-allow-credentials", "true");
  const exposed = headers.get("access-control-expose-headers");
  if (exposed === null) headers.set("access-control-expose-headers", EXPOSED);
  else if (!exposed.includes(EXPOSED)) headers.append("access-control-expose-headers", EXPOSED);
}
