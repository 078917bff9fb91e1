import { type CookieChange, type CookiePlace, deleteCookie, MAX_AGE, setCookie } from "../cookies/cookie.ts";
import { siblingPlaces } from "../cookies/siblings.ts";
import { pathOf, type Site } from "../cookies/site.ts";
import type { EpochSeconds } from "../platform/time.ts";
import type { IssuedTokens } from "../sessions/mint.ts";
import type { Credentials } from "./request.ts";

/** The cookies that carry newly issued tokens. An access-only answer leaves the refresh cookie as it is. */
export function cookiesOf(site: Site, tokens: IssuedTokens): readonly CookieChange[] {
  const { access, refresh } = site.places;
  const { iat, session_expires: over } = tokens.claims;
  const changes = [setCookie(access, tokens.accessToken, tokens.expiresIn)];
  if (tokens.refreshToken !== null) {
    changes.push(setCookie(refresh, tokens.refreshToken, over === null ? MAX_AGE : over - iat));
  }
  return changes;
}

/** Deletes the former cookies that came along, so that none of them shadows the one in use. */
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
  // A former cookie of the same name on another domain: a host that goes by names alone keeps the last.
  return [
    ...deleteSiblingCookies(site, doubtful, now),
    ...deleteFormerCookies(site, credentials),
    ...current.map(deleteCookie),
  ];
}

/** Deletes, after a conflict, what a sibling subdomain may have set, and nothing at the places of our own. */
export function deleteRivalCookies(
  site: Site,
  credentials: Pick<Credentials, "cookies">,
  now: EpochSeconds,
): readonly CookieChange[] {
  const sent = ownNames(site, credentials);
  const doubled = sent.filter((name, index) => sent.indexOf(name) !== index);
  return deleteSiblingCookies(site, doubled.length > 0 ? doubled : sent, now);
}

/** A proxy takes 4 to 8 KB of headers. */
const MAX_LINES = 32;

// Where there are more places than lines, each second has its share, so that a few requests reach all of them.
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

/** Where cookies of a name are ours: the place in use comes first. */
function ownPlaces({ places, previous }: Site, name: string): readonly CookiePlace[] {
  return [places.access, places.refresh, ...previous].filter((place) => place.name === name);
}

/** The names of the cookies that came under a name of ours, each as often as it came. */
function ownNames(
  { places, formerNames }: Site,
  { cookies }: Pick<Credentials, "cookies">,
): readonly string[] {
  const names = new Set([places.access.name, places.refresh.name, ...formerNames]);
  return cookies.map(({ name }) => name).filter((name) => names.has(name));
}

/** The token members of RFC 6749 5.1, for clients that keep their tokens themselves. */
export function tokenFields(tokens: IssuedTokens): Readonly<Record<string, unknown>> {
  return {
    access_token: tokens.accessToken,
    token_type: "Bearer",
    expires_in: tokens.expiresIn,
    ...(tokens.refreshToken === null ? {} : { refresh_token: tokens.refreshToken }),
  };
}
