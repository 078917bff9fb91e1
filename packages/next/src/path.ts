const PATTERN = /^((\/(:\w+[*+?]?|[^/:*+?(){}[\]\\|^$%\s]+))+|\/)$/;
const SOURCES: Readonly<Record<string, string>> = { "?": "(/[^/]+)?", "+": "/.+", "*": "(/.*)?" };
const DOTS = /(^|[/\\])\.\.?([/\\]|$)/;

/**
 * Makes the test for paths that any of the patterns covers: `/dashboard`, `/teams/:id`, `/dashboard/:path*`. It holds
 * for every form that a server may take for the same path, in any case, and for what has no one form.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map(compile);
  return (path) => {
    const forms = expressions.length === 0 ? [] : formsOf(path);
    return forms === null || forms.some((form) => expressions.some((expression) => expression.test(form)));
  };
}

/** The path of the page behind a path of Next's own: of its payload, of a segment of it, of its data. */
export function pageOf(path: string): string {
  const page = path.replace(/^\/_next\/data\/[^/]+(\/.*)\.json$/, "$1");
  return page.replace(/\.segments\/.*$|(\.prefetch)?\.rsc$/, "").replace(/^\/index$/, "/");
}

function compile(pattern: string): RegExp {
  if (!PATTERN.test(pattern))
    throw new TypeError(`protect: ${pattern} is no /path, /path/:name, /path/:name*`);
  const named = (_: string, repeat: string): string => SOURCES[repeat] ?? "/[^/]+";
  return new RegExp(`^${pattern.replaceAll(".", "\\.").replace(/\/:\w+([*+?]?)/g, named)}$`, "is");
}

function formsOf(path: string): readonly string[] | null {
  try {
    const forms = [path, decodeURIComponent(path)];
    if (forms.some((form) => DOTS.test(form))) return null;
    return forms.map(cleaned).flatMap((form) => [form, cleaned(pageOf(form))]);
  } catch {
    return null;
  }
}

/** A path with single slashes, and none at its end. */
export const cleaned = (path: string): string => path.replace(/[/\\]+/g, "/").replace(/(.)\/$/, "$1");
