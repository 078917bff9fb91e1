import { type CookieChange, type CookiePlace, deleteCookie, MAX_AGE, setCookie } from "../cookies/cookie.ts";
import { pathOf, type Site, siblingPlaces } from "../cookies/site.ts";
import type { EpochSeconds } from "../platform/time.ts";
import type { IssuedTokens } from "../sessions/mint.ts";
import type { Credentials } from "./request.ts";

/** Makes the cookies of newly issued tokens. Without a new refresh token, the refresh cookie stays unchanged. */
export function cookiesOf(site: Site, tokens: IssuedTokens): readonly CookieChange[] {
  const { access, refresh } = site.places;
  const { iat, session_expires: over } = tokens.claims;
  const changes = [setCookie(access, tokens.accessToken, tokens.expiresIn)];
  if (tokens.refreshToken !== null) {
    changes.push(setCookie(refresh, tokens.refreshToken, over === null ? MAX_AGE : over - iat));
  }
  return changes;
}

/** Deletes the former cookies of the request, so that none of them shadows a current one. */
export function deleteFormerCookies(
  site: Site,
  { cookies }: Pick<Credentials, "cookies">,
): readonly CookieChange[] {
  const sent = new Set(cookies.map((cookie) => cookie.name));
  return site.previous.filter((place) => sent.has(place.name)).map(deleteCookie);
}

/** Deletes every cookie that could hold a token. */
export function clearSessionCookies(
  site: Site,
  credentials: Pick<Credentials, "cookies">,
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
    ...current.map(deleteCookie),
  ];
}

/** Deletes the cookies that a sibling subdomain may have set, after a conflict. It keeps those at our own places. */
export function deleteRivalCookies(
  site: Site,
  credentials: Pick<Credentials, "cookies">,
  now: EpochSeconds,
): readonly CookieChange[] {
  const sent = ownNames(site, credentials);
  const doubled = sent.filter((name, index) => sent.indexOf(name) !== index);
  return deleteSiblingCookies(site, doubled.length > 0 ? doubled : sent, now);
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

/** The places where Latchkey sets, or has set, cookies of a name. The current place comes first. */
function ownPlaces({ places, previous }: Site, name: string): readonly CookiePlace[] {
  return [places.access, places.refresh, ...previous].filter((place) => place.name === name);
}

/** The names of the token cookies in a request. A repeated name is repeated here. */
function ownNames(
  { places, formerNames }: Site,
  { cookies }: Pick<Credentials, "cookies">,
): readonly string[] {
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
