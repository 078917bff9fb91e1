import { type CookiePair, parseCookies } from "../cookies/cookie.ts";
import { pathOf, type Site } from "../cookies/site.ts";
import { decideCsrf } from "../csrf/decide-csrf.ts";
import { AuthError } from "../platform/errors.ts";
import type { Presentation, PresentedText } from "../sessions/presented-tokens.ts";
import type { Device } from "../sessions/session.ts";

export interface CredentialOptions {
  readonly bearer: { readonly header: string; readonly schemes: readonly string[] };
}

/** What a request carries: the tokens of exactly one transport, and all of its cookies. */
export interface Credentials {
  readonly presented: Presentation & { readonly transport: "cookie" | "bearer" };
  readonly cookies: readonly CookiePair[];
}

/**
 * Reads the tokens of a request. A bearer header of ours decides the transport, good or not: a bad one never falls back
 * to a cookie (RFC 6750 2.1). Queries are never read.
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
  return { presented: { transport: "cookie", ...cookieTokens(cookies, site), device }, cookies };
}

/** The token after one of our schemes; "" where the header has a scheme of ours but no one token; null for no scheme of ours. */
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

function cookieTokens(cookies: readonly CookiePair[], site: Site): PresentedTexts {
  const { places, formerNames } = site;
  const access: PresentedText[] = [];
  const refresh: PresentedText[] = [];
  const former: CookiePair[] = [];
  for (const pair of cookies) {
    if (pair.name === places.access.name) access.push(presentedText(pair, true, site));
    else if (pair.name === places.refresh.name) {
      // A browser sends our own to its path only, so elsewhere another host has set it.
      if (isWithRefreshCookie(site)) refresh.push(presentedText(pair, true, site));
    } else if (formerNames.has(pair.name)) former.push(pair);
  }
  if (former.length === 0) return { access, refresh };
  const after = formerTokens(former, site);
  return { access: [...access, ...after.access], refresh: [...refresh, ...after.refresh] };
}

// A former name does not say which token it held; the token's own form does.
function formerTokens(pairs: readonly CookiePair[], site: Site): PresentedTexts {
  const texts = pairs.map((pair) => presentedText(pair, false, site));
  const refresh = texts.filter(({ token }) => token.startsWith("lkr_"));
  const access = texts.filter((text) => !refresh.includes(text));
  // Where the refresh cookie does not come along, nothing tells a former access token from one that a sibling set.
  const isUndecidable = !isWithRefreshCookie(site);
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
function isWithRefreshCookie(site: Site): boolean {
  const { path } = site.places.refresh;
  if (path === "/") return true;
  const pathname = pathOf(site);
  return pathname === path || pathname.startsWith(`${path}/`);
}

export interface CrossSiteOptions extends CredentialOptions {
  readonly trustedOrigins: ReadonlySet<string>;
  readonly requireFetchMetadata: boolean;
}

/** Whether a request may not do what it asks, by where it comes from. Bearer requests carry nothing ambient. */
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

/** Whether a request that carries cookies of ours comes from where it may not. */
export function isForged(
  request: Request,
  site: Pick<Site, "origin">,
  { presented }: Credentials,
  options: CrossSiteOptions,
): boolean {
  const ambient = presented.access.length + presented.refresh.length > 0;
  return presented.transport === "cookie" && ambient && isCrossSite(request, site, options);
}

/** A page may be opened; what a page loads, or a browser fetches ahead, begins nothing and ends nothing (OAU-21). */
export function requireNavigation({ headers, method }: Request): void {
  const mode = headers.get("sec-fetch-mode") ?? "navigate";
  const destination = headers.get("sec-fetch-dest") ?? "document";
  const ahead = /prefetch|prerender/i.test(`${headers.get("sec-purpose")} ${headers.get("purpose")}`);
  if (method !== "HEAD" && mode === "navigate" && destination === "document" && !ahead) return;
  throw new AuthError("csrf_rejected", "A sign-in with a provider is a page to open, not one to load.");
}
