import { checkMembers, type MembersOf, refuse } from "../platform/option-error.ts";

export interface RedirectPolicy {
  readonly ownOrigin: string;
  /** Where our own routes are: no target, or a sign-in could end in a sign-out. */
  readonly basePath: string;
  /** Origins, and custom schemes as `com.example.app://` or `com.example.app://host`. */
  readonly trustedOrigins: ReadonlySet<string>;
  /** Whether an app takes the answer: then a custom scheme is a target. */
  readonly native: boolean;
}

/** Without the own origin. The sealed target must fit a cookie, and two such flows the budget of all flow cookies. */
const MAX_LENGTH = 2_000;
// Controls, white space and lone surrogates, and the backslash that a browser reads as a slash.
const DISGUISE = /[\p{C}\p{Z}\\]/u;
const PATH = /^\/(?!\/)/;
const ABSOLUTE = /^https?:\/\/[^/]/i;
const CUSTOM = /^[a-z][a-z0-9+.-]*:\/?/i;
// Backslashes and controls in an escape: a server that decodes once more would see another URL.
const ESCAPED = /%(0|1|7f|5c)/i;
const DOT_SEGMENT = /\/\.{1,2}(\/|$)/;

/**
 * Decides where a sign-in may lead: a path of our own, or a URL whose origin is exactly ours or a trusted one (RFC 9700
 * 4.11.1). The text is parsed once, and the browser is sent to the parsed URL. Null refuses.
 */
export function decideRedirect(target: string, policy: RedirectPolicy): URL | null {
  const longest = MAX_LENGTH + policy.ownOrigin.length;
  if (target.length > longest || DISGUISE.test(target)) return null;
  const url = resolve(target, policy);
  // Escapes make it longer, and the cookie that holds it has an end.
  return url === null || url.href.length > longest ? null : url;
}

/** Where `safeRedirect` lets a page lead. */
export interface SafeRedirectOptions {
  /** The origin of the application, as for `createAuth`. Without it only paths pass. */
  readonly baseURL?: string;
  /** The path of the routes: no target leads there. Default `/auth`. */
  readonly basePath?: string;
  /** Other origins that a target may name; compared exactly. Default none. */
  readonly trustedOrigins?: readonly string[];
}

const OPTIONS: MembersOf<SafeRedirectOptions> = { baseURL: null, basePath: null, trustedOrigins: null };

/** Resolves paths where no origin is known. RFC 2606: no such host exists. */
const NO_ORIGIN = "https://path.invalid";

/**
 * Checks where a text from a query or a form wants to lead, by the rules of `redirect_to`: a path of this application, in
 * the form that browsers and servers read alike, or the URL of a trusted origin. Null refuses.
 *
 * It does not check that the page exists. Throws a `TypeError` for a `baseURL` that is no origin, and for an option that it
 * does not have. RFC 9700 4.11.1.
 *
 * @example
 * redirect(safeRedirect(form.get("redirect_to")) ?? "/dashboard");
 */
export function safeRedirect(target: unknown, options: SafeRedirectOptions = {}): string | null {
  checkMembers("safeRedirect", options, OPTIONS);
  if (typeof target !== "string") return null;
  // Own members only: a member of a polluted prototype is no option.
  const own: SafeRedirectOptions = Object.setPrototypeOf({ ...options }, null);
  const { baseURL = NO_ORIGIN, basePath = "/auth", trustedOrigins = [] } = own;
  const ownOrigin = URL.parse(baseURL)?.origin ?? "null";
  if (ownOrigin === "null") {
    throw new TypeError(`safeRedirect: baseURL is ${JSON.stringify(baseURL)}, but it must be an origin`);
  }
  const policy = { ownOrigin, basePath, trustedOrigins: new Set(trustedOrigins), native: false };
  const url = decideRedirect(target, policy);
  if (url === null) return null;
  return url.origin === ownOrigin ? url.pathname + url.search + url.hash : url.href;
}

/** Checks the option `oauth.errorURL` by the rules of `redirect_to`. Null without one. Throws a `TypeError`. */
export function checkErrorURL(
  url: string | undefined,
  {
    baseURL,
    ...site
  }: Pick<RedirectPolicy, "basePath" | "trustedOrigins"> & { readonly baseURL: URL | null },
): string | null {
  if (url === undefined) return null;
  const policy = { ...site, ownOrigin: baseURL?.origin ?? NO_ORIGIN, native: false };
  if (decideRedirect(url, policy) !== null) return url;
  throw refuse(
    "oauth.errorURL",
    url,
    `it must be a page of the application or of an origin in trustedOrigins, and none below ${site.basePath}: write a path such as "/sign-in"`,
  );
}

function resolve(target: string, policy: RedirectPolicy): URL | null {
  const isWeb = PATH.test(target) || ABSOLUTE.test(target);
  if (isWeb) return webTarget(URL.parse(target, policy.ownOrigin), policy);
  return policy.native && CUSTOM.test(target) ? appTarget(URL.parse(target), policy) : null;
}

function webTarget(url: URL | null, policy: RedirectPolicy): URL | null {
  if (url === null || url.username !== "" || url.password !== "") return null;
  if (ESCAPED.test(url.pathname)) return null;
  // RFC 3986 2.2: an escaped slash is a part of its segment. A server that decodes once more must see no other host or route.
  const paths = [url.pathname, decodedOnce(url.pathname)];
  if (paths.some((path) => path.startsWith("//") || DOT_SEGMENT.test(path))) return null;
  const isOwn = url.origin === policy.ownOrigin;
  if (isOwn && paths.some((path) => isOwnRoute(path, policy.basePath))) return null;
  // The code of an app goes to listed targets only: another page of ours may pass it on.
  const isListed = policy.trustedOrigins.has(url.origin);
  return isListed || (isOwn && !policy.native) ? url : null;
}

// Only ASCII has a meaning in a path, and unlike `decodeURIComponent` this accepts a lone percent sign.
function decodedOnce(pathname: string): string {
  return pathname.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function appTarget(url: URL | null, { trustedOrigins }: RedirectPolicy): URL | null {
  if (url === null || url.username !== "" || url.password !== "" || /^https?:$/.test(url.protocol))
    return null;
  const whole = `${url.protocol}//`;
  return trustedOrigins.has(whole) || trustedOrigins.has(whole + url.host) ? url : null;
}

function isOwnRoute(pathname: string, basePath: string): boolean {
  return pathname === basePath || pathname.startsWith(`${basePath}/`);
}
