import { isLoopback } from "../platform/loopback.ts";
import type { CookiePlace, SameSite } from "./cookie.ts";

export interface CookieOptions {
  readonly names: { readonly access: string; readonly refresh: string };
  readonly domain: string | null;
  readonly sameSite: SameSite;
  readonly refreshPath: string;
}

/** A cookie of an earlier configuration. It is still read, and deleted after another cookie replaces it. */
export interface PreviousCookie {
  readonly name: string;
  readonly domain?: string;
  readonly path?: string;
}

export interface CookiePlaces {
  readonly access: CookiePlace;
  readonly refresh: CookiePlace;
}

/**
 * Makes the places of the two cookies for an origin. They are Secure and prefixed, so that neither a subdomain nor a
 * script can set them. On http://localhost the name has the port instead, because all ports share cookies.
 */
export function cookiePlaces(origin: URL, options: CookieOptions): CookiePlaces {
  const secure = isSecure(origin);
  // A browser drops SameSite=None without Secure.
  const sameSite = options.sameSite === "none" && !secure ? "lax" : options.sameSite;
  const shared = { domain: secure ? options.domain : null, secure, sameSite };
  const at = (name: string, path: string): CookiePlace => ({ name: fullName(name, path), path, ...shared });
  const fullName = (name: string, path: string): string => {
    if (!secure) return origin.port === "" ? name : `${name}.${origin.port}`;
    // RFC 6265bis 4.1.3: a __Host- cookie has neither Domain nor another path than the root.
    return shared.domain === null && path === "/" ? `__Host-Http-${name}` : `__Secure-${name}`;
  };
  return { access: at(options.names.access, "/"), refresh: at(options.names.refresh, options.refreshPath) };
}

const FLOW = "latchkey.oauth";

/** The prefix of the flow cookies of an origin. */
export function flowPrefix(origin: URL): string {
  return isSecure(origin) ? `__Host-Http-${FLOW}.` : `${FLOW}.${origin.port}.`;
}

/**
 * Makes the place of the cookie of one sign-in with a provider. It is for this host only and ignores `cookies.domain`.
 * `crossSite` is for a provider that makes the browser post the response: Lax cookies are not sent then (RFC 6265bis 5.2).
 */
export function flowPlace(origin: URL, id: string, crossSite: boolean): CookiePlace {
  const secure = isSecure(origin);
  const sameSite = crossSite && secure ? "none" : "lax";
  return { name: `${flowPrefix(origin)}${id}`, path: "/", domain: null, secure, sameSite };
}

function isSecure(origin: URL): boolean {
  return !(origin.protocol === "http:" && isLoopback(origin.hostname));
}
