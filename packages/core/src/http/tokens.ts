import type { CookieChange } from "../cookies/jar.ts";
import { deleteCookie, setCookie } from "../cookies/jar.ts";
import { MAX_AGE } from "../cookies/serialize.ts";
import type { IssuedTokens } from "../sessions/mint.ts";
import type { Credentials } from "./credentials.ts";
import type { Site } from "./site.ts";

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
export function expireFormer(site: Site, { cookies }: Pick<Credentials, "cookies">): readonly CookieChange[] {
  const sent = new Set(cookies.map((cookie) => cookie.name));
  return site.previous.filter((place) => sent.has(place.name)).map(deleteCookie);
}

/** Deletes every cookie that could hold a token. */
export function clearAll(
  site: Site,
  credentials: Pick<Credentials, "cookies">,
  keepAccessToken: boolean,
): readonly CookieChange[] {
  const { access, refresh } = site.places;
  const current = keepAccessToken ? [refresh] : [access, refresh];
  // A former cookie of the same name on another domain: a host that goes by names alone keeps the last.
  return [...expireFormer(site, credentials), ...current.map(deleteCookie)];
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
