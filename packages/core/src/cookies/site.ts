import { isLoopback } from "../platform/origin.ts";
import { type CookieChange, type CookiePlace, deleteCookie, type SameSite } from "./cookie.ts";

/** The origin of a request, and the places of its cookies. */
export interface Site {
  readonly origin: string;
  readonly host: string;
  /** Whether its cookies are Secure: everywhere but at http on this machine. */
  readonly secure: boolean;
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
 * Makes the function that returns the site of a URL, without the URL. It is always `baseURL`, never the value of a header. Without
 * `baseURL` only localhost is served, and any other host gets null.
 */
export function siteReader(options: SiteOptions): (url: string | null) => Site | null {
  const { baseURL } = options;
  if (baseURL !== null) {
    const fixed = siteAt(baseURL, options);
    return () => fixed;
  }
  const siteOf = lastSite((origin) => siteAt(origin, options));
  return (url) => {
    const site = siteOf(url ?? "http://localhost/");
    return site !== null && isLoopback(site.host) ? site : null;
  };
}

/** The site for one request. */
export function siteFor(site: Site | null, url: string | null): Site | null {
  return site === null ? null : { ...site, url };
}

/** Makes the function that returns the site of a URL, without the URL. It keeps the last one: most requests go to one origin. */
export function lastSite(make: (origin: URL) => Site): (url: string) => Site | null {
  let last: Site | null = null;
  return (url) => {
    if (last === null || !url.startsWith(`${last.origin}/`)) {
      const origin = URL.parse(url);
      if (origin === null) return null;
      const site = make(origin);
      // The URL of a blob has an origin, and another host.
      if (origin.protocol !== "https:" && origin.protocol !== "http:") return site;
      last = site;
    }
    return last;
  };
}

/** Makes the site of an origin, without a request. */
export function siteAt(origin: URL, options: SiteOptions): Site {
  const places = cookiePlaces(origin, options.cookies);
  const previous = options.cookies.previous.flatMap(({ name, domain, path }): readonly CookiePlace[] => {
    const place = { ...places.refresh, name, domain: domain ?? null, path: path ?? "/" };
    // An earlier configuration may not have had `cookies.partitioned`.
    return place.partitioned ? [place, twinOf(place)] : [place];
  });
  return siteWith(origin, places, previous, placesWithoutPort(origin, options));
}

/** Makes the site of an origin from the places of its cookies. Those of `previous` are also deleted, those of `others` only read. */
export function siteWith(
  origin: URL,
  places: CookiePlaces,
  previous: readonly CookiePlace[],
  others: readonly CookiePlace[],
): Site {
  const formerNames = new Set([...previous, ...others].map((place) => place.name));
  const names = [places.access.name, places.refresh.name, ...formerNames];
  const settableBySibling = new Set(names.filter((name) => canSiblingSet(name, origin.hostname)));
  return {
    origin: origin.origin,
    host: origin.hostname,
    secure: isSecure(origin),
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

export interface CookieOptions {
  readonly names: { readonly access: string; readonly refresh: string };
  readonly domain: string | null;
  readonly sameSite: SameSite;
  /** Only with SameSite=None. */
  readonly partitioned: boolean;
  readonly refreshPath: string;
}

/** A cookie of an earlier configuration. It is still read, and deleted after another cookie replaces it. */
export interface PreviousCookie {
  /** The whole name, with its prefix. */
  readonly name: string;
  /** The `Domain` that it was set with. Default none: the host alone. */
  readonly domain?: string;
  /** The `Path` that it was set with. Default `/`. */
  readonly path?: string;
}

export interface CookiePlaces {
  readonly access: CookiePlace;
  readonly refresh: CookiePlace;
}

const PARTITIONED = { partitioned: true } as const;

/**
 * The cookie of the same name in the other jar. A browser keeps a partitioned cookie apart from the unpartitioned one, sends
 * both, and deletes each by a line of its own (CHIPS).
 */
export function twinOf({ partitioned, ...place }: CookiePlace): CookiePlace {
  return partitioned ? place : { ...place, ...PARTITIONED };
}

/** Deletes the cookies from before `cookies.partitioned`, which a browser sends beside the partitioned ones. */
export function deleteUnpartitioned(places: readonly CookiePlace[]): readonly CookieChange[] {
  return places.filter(({ partitioned }) => partitioned).map((place) => deleteCookie(twinOf(place)));
}

/**
 * Makes the places of the two cookies for an origin. They are Secure and prefixed. `__Host-` keeps subdomains from setting them.
 * `Http-` also keeps scripts from it, in Chrome 140, Firefox 143 and later; other browsers read it as a part of the name. On
 * http://localhost the name has the port instead, because all ports share cookies.
 */
export function cookiePlaces(origin: URL, options: CookieOptions): CookiePlaces {
  const secure = isSecure(origin);
  // A browser drops SameSite=None without Secure.
  const sameSite = options.sameSite === "none" && !secure ? "lax" : options.sameSite;
  const shared = { domain: secure ? options.domain : null, secure, sameSite };
  // CHIPS: a browser drops Partitioned without Secure.
  const jar = options.partitioned && secure ? PARTITIONED : {};
  const at = (name: string, path: string): CookiePlace => ({
    name: fullName(name, path),
    path,
    ...shared,
    ...jar,
  });
  const fullName = (name: string, path: string): string => {
    if (!secure) return origin.port === "" ? name : `${name}.${origin.port}`;
    // RFC 6265bis 4.1.3: a __Host- cookie has neither Domain nor another path than the root.
    return shared.domain === null && path === "/" ? `__Host-Http-${name}` : `__Secure-${name}`;
  };
  return { access: at(options.names.access, "/"), refresh: at(options.names.refresh, options.refreshPath) };
}

const FLOW = "latchkey.oauth";

/** The part of a site that flow cookies depend on. */
export type FlowSite = Pick<Site, "origin" | "secure">;

/** The prefix of the flow cookies of a site. */
export function flowPrefix({ origin, secure }: FlowSite): string {
  return secure ? `__Host-Http-${FLOW}.` : `${FLOW}.${new URL(origin).port}.`;
}

/**
 * Makes the place of the cookie of one sign-in with a provider. It is for this host only and ignores `cookies.domain`. It is not
 * partitioned: a flow is a page of its own, never one inside another, so no browser blocks its cookies.
 * `crossSite` is for a provider that makes the browser post the response: Lax cookies are not sent then (RFC 6265bis 5.2).
 */
export function flowPlace(site: FlowSite, id: string, crossSite: boolean): CookiePlace {
  const { secure } = site;
  const sameSite = crossSite && secure ? "none" : "lax";
  return { name: `${flowPrefix(site)}${id}`, path: "/", domain: null, secure, sameSite };
}

/** The cookies of a browser beside those of its session: of the users that signed in, and of a sign-up that waits for its proof. */
export type BrowserCookie = "device" | "sign-up";

/**
 * Makes the place of a cookie that remembers a browser. Like a flow cookie, it is for this host only. It is as cross-site
 * as the session cookies, and in the same jar: a browser neither stores nor sends a Lax cookie in a request of a page of another site.
 */
export function browserPlace(
  cookie: BrowserCookie,
  { origin, secure, places }: FlowSite & Pick<Site, "places">,
): CookiePlace {
  const { port } = new URL(origin);
  const plain = `latchkey.${cookie}`;
  const local = port === "" ? plain : `${plain}.${port}`;
  const sameSite = places.access.sameSite === "none" ? "none" : "lax";
  const name = secure ? `__Host-Http-${plain}` : local;
  const jar = places.access.partitioned ? PARTITIONED : {};
  return { name, path: "/", domain: null, secure, sameSite, ...jar };
}

function isSecure(origin: URL): boolean {
  return !(origin.protocol === "http:" && isLoopback(origin.hostname));
}

/** Whether a sibling subdomain can set a cookie of this name for the host (RFC 6265bis 4.1.3 and 8.6). */
export function canSiblingSet(name: string, host: string): boolean {
  return !name.startsWith("__Host-") && domainsOf(host).length > 0;
}

/**
 * Lists the places where a sibling subdomain can have set a cookie that the browser sends for `path`: every domain that
 * covers the host, at every prefix of the path. `kept` is not one of them.
 */
export function siblingPlaces(kept: CookiePlace, host: string, path: string): readonly CookiePlace[] {
  if (!canSiblingSet(kept.name, host)) return [];
  return domainsOf(host).flatMap((domain) =>
    prefixesOf(path).flatMap((prefix): readonly CookiePlace[] => {
      const place = { ...kept, domain, path: prefix };
      const isKept = domain === kept.domain && prefix === kept.path;
      // CHIPS: a partitioned cookie is separate from the unpartitioned one of the same name.
      const twin = kept.secure ? [twinOf(place)] : [];
      return isKept ? twin : [...twin, place];
    }),
  );
}

// No sibling covers an IP address or a single label. `Domain=localhost` would name the host's own cookie (RFC 6265bis 5.7).
function domainsOf(host: string): readonly string[] {
  if (/^[\d.]+$|:/.test(host)) return [];
  const labels = host.split(".");
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join("."));
}

/** A browser ignores a longer attribute (RFC 6265bis 5.6). */
const MAX_PATH = 1_024;

// RFC 6265bis 5.1.4: a cookie path matches with and without a final slash. It cannot contain a semicolon.
function prefixesOf(path: string): readonly string[] {
  const [possible = ""] = path.slice(0, MAX_PATH + 1).split(";", 1);
  const slashes = [...possible.matchAll(/\//g)].map(({ index }) => index);
  const whole = possible === path ? [path] : [];
  const prefixes = slashes.flatMap((at) => [possible.slice(0, at), possible.slice(0, at + 1)]);
  return [...new Set([...prefixes, ...whole])].filter((prefix) => prefix !== "");
}
