import { type Auth, applyValidation, type InvalidSession, type User, type Validation } from "@latchkey/core";
import { NextResponse } from "next/server.js";
import { atPublicUrl, cleanPath, pageOf, pathMatcher } from "./url.ts";

/** The part of `NextRequest` that the proxy reads. */
type ProxyRequest = Request & { nextUrl: Record<"pathname" | "search" | "basePath", string> };

/** The part of `NextFetchEvent` that the proxy uses. */
type ProxyEvent = { waitUntil(work: Promise<unknown>): void };

/** What `authProxy` takes. */
export interface AuthProxyOptions {
  /** The `basePath` of `createAuth`. The proxy leaves these routes alone. Default `/auth`. */
  readonly basePath?: string;
  /**
   * Pages that need a session, such as `/dashboard/:path*`. Default none. This is a convenience: each page must still call
   * `requireSession`.
   */
  readonly protect?: readonly string[];
  /** The path of the sign-in page. Without it, a request without a session gets 401 in JSON for a protected page. */
  readonly signIn?: string;
}

/**
 * Makes the `proxy` of `proxy.ts`: it refreshes sessions when that is due, and the page and the browser both get the new
 * cookies. HEAD requests never refresh.
 *
 * A response that depends on a session is `private, no-store`. While the store is down, a request that needs it gets 503 for a
 * protected page, and passes for any other page.
 *
 * @example
 * export const proxy = authProxy(auth, { protect: ["/dashboard/:path*"], signIn: "/login" });
 */
export function authProxy<Context, U extends User>(
  auth: Auth<Context, U>,
  { basePath = "/auth", protect = [], signIn }: AuthProxyOptions = {},
): (request: ProxyRequest, event?: ProxyEvent) => Promise<Response> {
  const isProtected = pathMatcher(protect);
  const ignored = [`${basePath}/`, "/_next/static/", "/_next/image"];
  return async (request, event) => {
    const { pathname } = request.nextUrl;
    if (startsWithOneOf(ignored, pathname)) return NextResponse.next();
    const { method, headers } = request;
    const host = event === undefined ? {} : { waitUntil: (work: Promise<unknown>) => event.waitUntil(work) };
    const validation = await auth.validate(atPublicUrl(request, { method, headers }), host);
    const isRefused = !validation.ok && cleanPath(pathname) !== signIn && isProtected(pathname);
    const response = isRefused ? refuse(request, validation, signIn) : forward(request, validation);
    const applied = applyValidation(response, validation);
    setTargetedFields(applied.headers);
    return applied;
  };
}

/** A path with `%` or `//` never matches, because Next may read it as another path. */
function startsWithOneOf(prefixes: readonly string[], pathname: string): boolean {
  return !/%|\/\//.test(pathname) && prefixes.some((prefix) => pathname.startsWith(prefix));
}

function refuse(request: ProxyRequest, validation: InvalidSession, signIn: string | undefined): Response {
  // 403, 500 and 503 do not mean that the user is signed out. A script that calls an action would take the page behind
  // a redirect for the answer of the action.
  const isRedirected = validation.status === 401 && !request.headers.has("next-action");
  if (signIn === undefined || !isRedirected) return validation.response();
  return redirectToSignIn(request, signIn);
}

function redirectToSignIn({ nextUrl, url }: ProxyRequest, signIn: string): Response {
  const target = new URL(nextUrl.basePath + signIn, url);
  // `pageOf` leaves one slash at the start: a path with two would lead to another site (RFC 9700 4.11).
  target.searchParams.set("redirect_to", pageOf(nextUrl.pathname) + nextUrl.search);
  return NextResponse.redirect(target, { status: 303, headers: { "cache-control": "private, no-store" } });
}

/** Passes the request on, with the cookies as they are after a refresh. */
function forward(request: ProxyRequest, validation: Validation): Response {
  if (!validation.ok || !validation.refreshed) return NextResponse.next();
  const headers = new Headers(request.headers);
  headers.set("cookie", [...validation.cookies].map((pair) => pair.join("=")).join("; "));
  return NextResponse.next({ request: { headers } });
}

// RFC 9213: in the caches it is meant for, each of these fields replaces Cache-Control.
const TARGETED_FIELDS = ["cdn-cache-control", "cloudflare-cdn-cache-control", "vercel-cdn-cache-control"];

/**
 * Repeats the Cache-Control of the proxy in the fields of single caches. Next adds no header of a page or a handler that the
 * proxy has set, so theirs cannot allow what the proxy forbids.
 */
function setTargetedFields(headers: Headers): void {
  const cacheControl = headers.get("cache-control");
  if (cacheControl === null) return;
  for (const name of TARGETED_FIELDS) {
    headers.set(name, cacheControl);
  }
}
