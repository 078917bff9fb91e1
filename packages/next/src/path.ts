const PARAMETER = /^:\w+([*+?]?)$/;
const LITERAL = /^[^:*+?(){}[\]\\|^$%\s]+$/;

const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ["", "/[^/]+"],
  ["?", "(?:/[^/]+)?"],
  ["+", "/.+"],
  ["*", "(?:/.*)?"],
]);

/**
 * Makes the test for paths that any of the patterns covers: `/dashboard`, `/teams/:id`, `/dashboard/:path*`. It holds
 * for every form that a server may take for the same path, in any case, and for what cannot be decoded.
 */
export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const expressions = patterns.map(compile);
  return (path) => {
    if (expressions.length === 0) return false;
    const forms = formsOf(path);
    return forms === null || forms.some((form) => expressions.some((expression) => expression.test(form)));
  };
}

/** The path of the page behind a path of Next's own: of its payload, of a segment of it, of its data. */
export function pageOf(path: string): string {
  return path
    .replace(/^\/_next\/data\/[^/]+(\/.*)\.json$/, "$1")
    .replace(/\.segments\/.*$/, "")
    .replace(/(\.prefetch)?\.rsc$/, "")
    .replace(/^\/index$/, "/");
}

function compile(pattern: string): RegExp {
  const parts = pattern.split("/").slice(1);
  const sources = pattern === "/" ? ["/"] : parts.map((part) => sourceOf(part, pattern));
  if (!pattern.startsWith("/")) throw unreadable(pattern);
  return new RegExp(`^${sources.join("")}$`, "is");
}

function sourceOf(part: string, pattern: string): string {
  const repeat = PARAMETER.exec(part)?.[1];
  const source = repeat === undefined ? undefined : PARAMETERS.get(repeat);
  if (source !== undefined) return source;
  if (!LITERAL.test(part)) throw unreadable(pattern);
  return `/${part.replaceAll(".", "\\.")}`;
}

function unreadable(pattern: string): TypeError {
  return new TypeError(
    `protect: ${JSON.stringify(pattern)} is no pattern; write /path, /path/:name or /path/:name*`,
  );
}

const MOST_DECODINGS = 3;

/** The path as it is, and as it is once and more decoded; null where it cannot be. */
function formsOf(path: string): readonly string[] | null {
  const forms = [path];
  for (let form = path; forms.length <= MOST_DECODINGS; forms.push(form)) {
    const decoded = decode(form);
    if (decoded === null && forms.length === 1) return null;
    if (decoded === null || decoded === form) break;
    form = decoded;
  }
  return forms.flatMap((form) => [cleaned(form), cleaned(pageOf(cleaned(form)))]);
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** Without repeated and trailing slashes, and dot segments. */
function cleaned(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split(/[/\\]+/)) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}
