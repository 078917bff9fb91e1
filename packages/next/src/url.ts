// Segments: `/name`, `/:name`, and `/:name` with `*`, `+` or `?`. Matching two repeats in one pattern would take time that
// grows with the square of the length of the path.
const PATTERN = /^(?!.*[*+].*[*+])((\/(:\w+[*+?]?|[^/:*+?(){}[\]\\|^$%\s]+))+|\/)$/;
/** The regular expressions of `/:name` with each suffix. */
const SOURCES: Readonly<Record<string, string>> = {
  "": "/[^/]+",
  "?": "(/[^/]+)?",
  "+": "/.+",
  "*": "(/.*)?",
};

/**
 * Returns a test for the paths that at least one pattern covers, such as `/dashboard`, `/teams/:id` or `/dashboard/:path*`.
 * It ignores case, and covers each form that a server may read as the same path. A path that servers can read
 * differently is always covered.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const expression = new RegExp(`^(${patterns.map(sourceOf).join("|")})$`, "is");
  return (path) => {
    const forms = formsOf(path);
    return forms === null || forms.some((form) => expression.test(form));
  };
}

function sourceOf(pattern: string): string {
  if (!PATTERN.test(pattern)) {
    throw new TypeError(
      `protect: ${pattern} must be a path such as /path, /path/:id or /path/:rest*, with at most one * or +`,
    );
  }
  return pattern
    .replaceAll(".", "\\.")
    .replace(/\/:\w+([*+?]?)/g, (_, suffix: string) => SOURCES[suffix] ?? "");
}

/** The forms of a path that mean the same page, or null if servers can read it as different paths. */
function formsOf(path: string): readonly string[] | null {
  const decoded = decode(path);
  if (decoded === null || hasDotSegment(path) || hasDotSegment(decoded)) return null;
  return [path, decoded].map(cleanPath).flatMap((form) => [form, pageOf(form)]);
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

function hasDotSegment(path: string): boolean {
  return /(^|[/\\])\.\.?([/\\]|$)/.test(path);
}

/** The path of the page that a path of Next belongs to: `/a.rsc`, `/a.segments/…` and `/_next/data/…/a.json` are of `/a`. */
export function pageOf(path: string): string {
  const page = path.replace(/^\/_next\/data\/[^/]+(\/.*)\.json$/, "$1");
  const withoutSuffix = page.replace(/\.segments\/.*$|(\.prefetch)?\.rsc$/s, "");
  return cleanPath(withoutSuffix.replace(/^\/index$/, "/"));
}

/** A path with single slashes, and without one at its end. */
export function cleanPath(path: string): string {
  return path.replace(/[/\\]+/g, "/").replace(/(.)\/$/, "$1");
}

/** The origin that the browser sees. `request.url` does not tell it: Next builds that URL from the address it listens on. */
export function originOf(headers: Headers): string {
  const scheme = headers.get("x-forwarded-proto") === "https" ? "https" : "http";
  return URL.parse(`${scheme}://${headers.get("host")}`)?.origin ?? "http://invalid";
}

/** The same request at the URL that the browser sees. `init` replaces the method, the headers and the body. */
export function atPublicUrl(request: Request, init: RequestInit = request): Request {
  const { pathname, search } = new URL(request.url);
  return new Request(originOf(request.headers) + pathname + search, init);
}
