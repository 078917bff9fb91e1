import { type CookiePair, parseCookies } from "../cookies/cookie.ts";
import { pathOf, type Site } from "../cookies/site.ts";
import { decideCsrf } from "../csrf/decide-csrf.ts";
import { AuthError } from "../platform/errors.ts";
import type { Presentation, PresentedText } from "../sessions/presented-tokens.ts";
import type { Device, Transport } from "../sessions/session.ts";

export interface CredentialOptions {
  readonly bearer: { readonly header: string; readonly schemes: readonly string[] };
}

/** The tokens of a request, of exactly one transport, and all of its cookies. */
export interface Credentials {
  readonly presented: Presentation & { readonly transport: Transport };
  readonly cookies: readonly CookiePair[];
}

/**
 * Reads the tokens of a request. A bearer header with a configured scheme selects the bearer transport. An invalid one
 * never falls back to a cookie (RFC 6750 2.1). Tokens in the query are ignored.
 */
export function readCredentials(
  headers: Headers,
  site: Site,
  options: CredentialOptions,
  device: Device,
): Credentials {
  const cookies = parseCookies(headers.get("cookie"));
  const bearer = bearerToken(headers, options);
  if (bearer !== null) {
    const access = [{ token: bearer, current: true, hostBound: true }];
    return { presented: { transport: "bearer", access, refresh: [], device }, cookies };
  }
  return { presented: { transport: "cookie", ...readCookieTokens(cookies, site), device }, cookies };
}

/** The token after a configured scheme; "" if such a scheme has not exactly one token; null without such a scheme. */
export function bearerToken(headers: Headers, { bearer }: CredentialOptions): string | null {
  const value = headers.get(bearer.header);
  if (value === null) return null;
  const [scheme = "", ...rest] = value.split(" ");
  if (!bearer.schemes.includes(scheme.toLowerCase())) return null;
  return rest.length === 1 ? (rest[0] ?? "") : "";
}

interface PresentedTexts {
  readonly access: readonly PresentedText[];
  readonly refresh: readonly PresentedText[];
}

function readCookieTokens(cookies: readonly CookiePair[], site: Site): PresentedTexts {
  const { places, formerNames } = site;
  const access: PresentedText[] = [];
  const refresh: PresentedText[] = [];
  const former: CookiePair[] = [];
  for (const pair of cookies) {
    if (pair.name === places.access.name) access.push(presentedText(pair, true, site));
    else if (pair.name === places.refresh.name) {
      // A browser sends the refresh cookie to its path only. On another path, another host has set this cookie.
      if (sendsRefreshCookie(site)) refresh.push(presentedText(pair, true, site));
    } else if (formerNames.has(pair.name)) former.push(pair);
  }
  if (former.length === 0) return { access, refresh };
  const after = readFormerTokens(former, site);
  return { access: [...access, ...after.access], refresh: [...refresh, ...after.refresh] };
}

// The form of the token shows its kind, because a former name does not.
function readFormerTokens(pairs: readonly CookiePair[], site: Site): PresentedTexts {
  const texts = pairs.map((pair) => presentedText(pair, false, site));
  const refresh = texts.filter(({ token }) => token.startsWith("lkr_"));
  const access = texts.filter((text) => !refresh.includes(text));
  // Without the refresh cookie, a former access token cannot be distinguished from one that a sibling subdomain set.
  const isUndecidable = !sendsRefreshCookie(site);
  return { access: isUndecidable ? access.filter(({ hostBound }) => hostBound) : access, refresh };
}

function presentedText(
  { name, value }: CookiePair,
  current: boolean,
  { settableBySibling }: Site,
): PresentedText {
  return { token: value, current, hostBound: !settableBySibling.has(name) };
}

// RFC 6265bis 5.1.4: whether the browser sends the refresh cookie to the path of this request.
function sendsRefreshCookie(site: Site): boolean {
  const { path } = site.places.refresh;
  if (path === "/") return true;
  const pathname = pathOf(site);
  return pathname === path || pathname.startsWith(`${path}/`);
}

export interface CrossSiteOptions extends CredentialOptions {
  readonly trustedOrigins: ReadonlySet<string>;
  readonly requireFetchMetadata: boolean;
}

/** Whether the CSRF check refuses a request. Bearer requests pass, because browsers do not attach their tokens. */
export function isCrossSite(
  { method, headers }: Request,
  { origin: ownOrigin }: Pick<Site, "origin">,
  options: CrossSiteOptions,
): boolean {
  if (bearerToken(headers, options) !== null) return false;
  const decision = decideCsrf(
    {
      method,
      upgrade: headers.has("upgrade"),
      secFetchSite: headers.get("sec-fetch-site"),
      origin: headers.get("origin"),
      referer: headers.get("referer"),
    },
    { ownOrigin, ...options },
  );
  return decision.kind === "reject";
}

/** Whether a request has token cookies and fails the CSRF check. */
export function isForged(
  request: Request,
  site: Pick<Site, "origin">,
  { presented }: Credentials,
  options: CrossSiteOptions,
): boolean {
  const ambient = presented.access.length + presented.refresh.length > 0;
  return presented.transport === "cookie" && ambient && isCrossSite(request, site, options);
}

/** Accepts only navigations. A subresource, a prefetch or HEAD must not start or finish a flow (OAU-21). */
export function requireNavigation({ headers, method }: Request): void {
  const mode = headers.get("sec-fetch-mode") ?? "navigate";
  const destination = headers.get("sec-fetch-dest") ?? "document";
  const ahead = /prefetch|prerender/i.test(`${headers.get("sec-purpose")} ${headers.get("purpose")}`);
  if (method !== "HEAD" && mode === "navigate" && destination === "document" && !ahead) return;
  throw new AuthError(
    "csrf_rejected",
    "Open a sign-in with a provider as a page: it cannot be fetched or prefetched.",
  );
}
