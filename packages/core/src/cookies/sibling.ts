import type { CookiePlace } from "./serialize.ts";

/** More deletions than this in one answer would not fit the header space of common proxies. */
const MOST_PLACES = 32;

/**
 * The places, but for `own`, from which a browser sends a cookie of this name with the request: each parent domain at each prefix of
 * the path (RFC 6265bis 5.1.3, 5.1.4). A sibling subdomain can set a cookie there, and only there.
 */
export function siblingPlaces(
  place: CookiePlace,
  request: { readonly hostname: string; readonly pathname: string },
  own: readonly CookiePlace[],
): readonly CookiePlace[] {
  // A browser takes no __Host- cookie with a Domain, so no other host can have set one.
  if (!place.secure || place.name.startsWith("__Host-")) return [];
  const places = domainsOf(request.hostname).flatMap((domain) =>
    pathsOf(request.pathname).map((path): CookiePlace => ({ ...place, domain, path })),
  );
  return places.filter((other) => !own.some((ours) => isSame(ours, other))).slice(0, MOST_PLACES);
}

/** The host itself as a domain, and its parents; a domain of one label is never a cookie's. */
function domainsOf(hostname: string): readonly string[] {
  if (hostname.startsWith("[") || /^[\d.]+$/.test(hostname)) return [];
  const labels = hostname.split(".");
  return labels.slice(0, -1).map((_, index) => labels.slice(index).join("."));
}

/** The paths that a cookie can have to be sent along: `/`, and each segment with and without a slash behind it. */
function pathsOf(pathname: string): readonly string[] {
  const paths = ["/"];
  for (let end = 1; end < pathname.length; end++) {
    if (pathname[end] !== "/") continue;
    paths.push(pathname.slice(0, end), pathname.slice(0, end + 1));
  }
  if (!pathname.endsWith("/")) paths.push(pathname);
  return paths;
}

function isSame(a: CookiePlace, b: CookiePlace): boolean {
  return a.name === b.name && a.domain === b.domain && a.path === b.path;
}
