import type { CookiePlace } from "./cookie.ts";

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
      // CHIPS: a partitioned cookie is separate from the unpartitioned one of the same name. Ours are never partitioned.
      const partitioned = kept.secure ? [{ ...place, partitioned: true as const }] : [];
      return isKept ? partitioned : [...partitioned, place];
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
