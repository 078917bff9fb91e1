// Two repeats in one pattern take the square of a path's length to match.
const PATTERN = /^(?!.*[*+].*[*+])((\/(:\w+[*+?]?|[^/:*+?(){}[\]\\|^$%\s]+))+|\/)$/;
const SOURCES: Readonly<Record<string, string>> = { "?": "(/[^/]+)?", "+": "/.+", "*": "(/.*)?" };

/** Where the browser believes it is. The URL of a request is no word on that: Next makes it from what it listens on. */
export function originOf(headers: Headers): string {
  const scheme = headers.get("x-forwarded-proto") === "https" ? "https" : "http";
  return URL.parse(`${scheme}://${headers.get("host")}`)?.origin ?? "http://invalid";
}

/** The request at the address that the browser has for it; with its body, unless `init` leaves that out. */
export function located(request: Request, init: RequestInit = request): Request {
  const { pathname, search } = new URL(request.url);
  return new Request(originOf(request.headers) + pathname + search, init);
}

/**
 * Makes the test for paths that any of the patterns covers: `/dashboard`, `/teams/:id`, `/dashboard/:path*`. It holds
 * for every form that a server may take for the same path, in any case, and for what has no one form.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const expression = new RegExp(`^(${patterns.map(sourceOf).join("|")})$`, "is");
  return (path) => patterns.length > 0 && (formsOf(path)?.some((form) => expression.test(form)) ?? true);
}

/** The path of the page behind a path of Next's own: of its payload, of a segment of it, of its data. */
export function pageOf(path: string): string {
  const page = path.replace(/^\/_next\/data\/[^/]+(\/.*)\.json$/, "$1");
  return cleaned(page.replace(/\.segments\/.*$|(\.prefetch)?\.rsc$/s, "").replace(/^\/index$/, "/"));
}

/** A path with single slashes, and none at its end. */
export const cleaned = (path: string): string => path.replace(/[/\\]+/g, "/").replace(/(.)\/$/, "$1");

function sourceOf(pattern: string): string {
  if (!PATTERN.test(pattern))
    throw new TypeError(`protect: ${pattern} is no /path, /path/:id, /path/:id* with one * or +`);
  const named = (_: string, repeat: string): string => SOURCES[repeat] ?? "/[^/]+";
  return pattern.replaceAll(".", "\\.").replace(/\/:\w+([*+?]?)/g, named);
}

/** Null where servers need not agree on what a path means. */
function formsOf(path: string): readonly string[] | null {
  try {
    const forms = [path, decodeURIComponent(path)];
    if (forms.some((form) => /(^|[/\\])\.\.?([/\\]|$)/.test(form))) return null;
    return forms.map(cleaned).flatMap((form) => [form, pageOf(form)]);
  } catch {
    return null;
  }
}

/** The Cookie header of a request as its jar has it by now: in its order, and with what came twice while nothing changed it. */
export function cookieHeader(
  header: string,
  jar: readonly { readonly name: string; readonly value: string }[],
): string {
  const before = new Set(header.split(/; */));
  const now = jar.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`);
  const unchanged = new Set(now.filter((pair) => before.has(pair)).map(nameOf));
  const kept = [...before].filter((pair) => unchanged.has(nameOf(pair)));
  return [...new Set([...kept, ...now])].join("; ");
}
const nameOf = (pair: string): string => pair.slice(0, pair.indexOf("="));
