import { isLoopback } from "../platform/loopback.ts";
import type { CookiePlace, SameSite } from "./cookie.ts";

export interface CookieOptions {
  readonly names: { readonly access: string; readonly refresh: string };
  readonly domain: string | null;
  readonly sameSite: SameSite;
  readonly refreshPath: string;
}

/** A cookie name of an earlier configuration: still read, and deleted once another cookie has won. */
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
 * Where the two cookies live for an origin. Everywhere but on http://localhost they are Secure and prefixed, so that
 * neither a subdomain nor a script can plant them; there the name carries the port, because ports share cookies.
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

/** What the names of all flow cookies of an origin begin with. */
export function flowPrefix(origin: URL): string {
  return isSecure(origin) ? `__Host-Http-${FLOW}.` : `${FLOW}.${origin.port}.`;
}

/**
 * Where one sign-in with a provider lives meanwhile: this host alone, whatever `cookies.domain` says. `crossSite` is for
 * a provider that has the browser post its answer: no other cookie comes along then (RFC 6265bis 5.2).
 */
export function flowPlace(origin: URL, id: string, crossSite: boolean): CookiePlace {
  const secure = isSecure(origin);
  const sameSite = crossSite && secure ? "none" : "lax";
  return { name: `${flowPrefix(origin)}${id}`, path: "/", domain: null, secure, sameSite };
}

function isSecure(origin: URL): boolean {
  return !(origin.protocol === "http:" && isLoopback(origin.hostname));
}
