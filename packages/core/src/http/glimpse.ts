import { occursIn, soleCookie } from "../cookies/cookie.ts";
import type { Site } from "../cookies/site.ts";
import type { AccessClaims } from "../sessions/access-claims.ts";
import type { VerifiedSole } from "../sessions/authenticate.ts";
import type { SoleToken } from "../sessions/token-cache.ts";
import type { Credentials } from "./request.ts";
import type { CredentialOptions } from "./response.ts";
import type { ValidSession } from "./validation.ts";
import { sessionOfClaims, validSession } from "./validation-result.ts";

/** The only access token of a request, and the Cookie header of the request. */
export interface SeenToken extends SoleToken {
  readonly sentCookies: string | null;
}

/** The tokens of a request as far as its headers show them uncut: `none` at all, or one access token. Null leaves it to `readCredentials`. */
export type Glimpse = SeenToken | "none" | null;

/**
 * Looks for the only access token of a request, by the rules of `readCredentials`, `isForged` and `selectToken`: it is the one that
 * they select whatever else the request has, because only this host can have set its cookie. `bearer` is its `bearerToken`.
 */
export function glimpseToken(
  { method, headers }: Pick<Request, "method" | "headers">,
  { places, formerNames, settableBySibling }: Site,
  bearer: string | null,
): Glimpse {
  const cookies = headers.get("cookie");
  if (bearer !== null)
    return bearer === "" ? null : { token: bearer, transport: "bearer", sentCookies: cookies };
  if (cookies === null) return "none";
  if (!occursIn(cookies, places.access.name)) {
    const others = [places.refresh.name, ...formerNames];
    return others.some((name) => occursIn(cookies, name)) ? null : "none";
  }
  // Any other request needs the CSRF check.
  if ((method !== "GET" && method !== "HEAD") || headers.has("upgrade")) return null;
  if (settableBySibling.size > 0 && [...settableBySibling].some((name) => occursIn(cookies, name)))
    return null;
  const token = soleCookie(cookies, places.access.name);
  return token === null ? null : { token, transport: "cookie", sentCookies: cookies };
}

/** Makes the valid session of an access token that stays as it is. */
export function keptSession(
  claims: AccessClaims,
  { transport, sentCookies }: Pick<SeenToken, "transport" | "sentCookies">,
  { bearer }: CredentialOptions,
): ValidSession {
  return validSession({
    session: sessionOfClaims(claims),
    claims,
    transport,
    refreshed: false,
    headers: null,
    bearerHeader: bearer.header,
    sentCookies,
    changes: [],
  });
}

/** Whether a request has no other token than the one that `glimpseToken` found. */
export function isAlone({ transport, sentCookies }: SeenToken, site: Site | null): boolean {
  if (site === null) return false;
  const { places, formerNames } = site;
  const cookies = transport === "cookie" ? (sentCookies ?? "") : "";
  return ![places.refresh.name, ...formerNames].some((name) => occursIn(cookies, name));
}

/** Marks the token of a request that was verified already, so that it is not verified a second time. */
export function withVerified(credentials: Credentials, found: VerifiedSole | null): Credentials {
  if (found === null) return credentials;
  const { presented } = credentials;
  const { token, verified } = found;
  const access = presented.access.map((text) => (text.token === token ? { ...text, verified } : text));
  return { ...credentials, presented: { ...presented, access } };
}
