import { isLoopback } from "../platform/loopback.ts";
import type { CookiePlace } from "./cookie.ts";
import { type CookieOptions, type CookiePlaces, cookiePlaces, type PreviousCookie } from "./names.ts";
import { canSiblingSet } from "./siblings.ts";

/** The origin of a request, and the places of its cookies. */
export interface Site {
  readonly origin: string;
  readonly host: string;
  /** The URL of the request; null without a request. */
  readonly url: string | null;
  readonly places: CookiePlaces;
  /** The cookies of earlier configurations. They are still read, and deleted after another cookie replaces them. */
  readonly previous: readonly CookiePlace[];
  /** Every cookie name that is read, except the current ones. */
  readonly formerNames: ReadonlySet<string>;
  /** The cookie names that a sibling subdomain can set. */
  readonly settableBySibling: ReadonlySet<string>;
}

export interface SiteOptions {
  readonly baseURL: URL | null;
  readonly cookies: CookieOptions & { readonly previous: readonly PreviousCookie[] };
}

/**
 * Makes the function that returns the site of a request. It is always `baseURL`, never the value of a header. Without
 * `baseURL` only localhost is served, and any other host gets null.
 */
export function siteReader(options: SiteOptions): (url: string | null) => Site | null {
  const { baseURL } = options;
  if (baseURL !== null) {
    const fixed = siteAt(baseURL, options);
    return (url) => ({ ...fixed, url });
  }
  return (url) => {
    const origin = url === null ? new URL("http://localhost") : URL.parse(url);
    if (origin === null || !isLoopback(origin.hostname)) return null;
    return { ...siteAt(origin, options), url };
  };
}

/** Makes the site of an origin, without a request. */
export function siteAt(origin: URL, options: SiteOptions): Site {
  const { cookies } = options;
  const places = cookiePlaces(origin, cookies);
  const previous = cookies.previous.map(({ name, domain, path }): CookiePlace => {
    return { ...places.refresh, name, domain: domain ?? null, path: path ?? "/" };
  });
  const formerNames = new Set(
    [...previous, ...placesWithoutPort(origin, options)].map((place) => place.name),
  );
  const names = [places.access.name, places.refresh.name, ...formerNames];
  const settableBySibling = new Set(names.filter((name) => canSiblingSet(name, origin.hostname)));
  return {
    origin: origin.origin,
    host: origin.hostname,
    url: null,
    places,
    previous,
    formerNames,
    settableBySibling,
  };
}

/** The path of a request to a site. */
export function pathOf({ url }: Pick<Site, "url">): string {
  return (url === null ? null : URL.parse(url)?.pathname) ?? "/";
}

// Without `baseURL`, `sessions.create` does not know the port, so its cookies on localhost are read as well. They are
// never deleted, because a server on port 80 has the same names.
function placesWithoutPort(origin: URL, { baseURL, cookies }: SiteOptions): readonly CookiePlace[] {
  if (baseURL !== null || origin.port === "" || origin.protocol !== "http:") return [];
  const { access, refresh } = cookiePlaces(new URL("http://localhost"), cookies);
  return [access, refresh];
}
