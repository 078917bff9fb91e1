import type { Auth, User, Validation } from "@latchkey/core";
import { NextResponse } from "next/server.js";
import { pageOf, pathMatcher } from "./path.ts";

/** What the proxy needs of a `NextRequest`. */
export type ProxyRequest = Request & { nextUrl: Record<"pathname" | "search" | "basePath", string> };

export interface AuthProxyOptions {
  /** The `basePath` of `createAuth`, whose routes are left alone. Default `/auth`. */
  readonly basePath?: string;
  /** Pages for the signed in, such as `/dashboard/:path*`. A convenience: the page itself must ask `requireSession`. */
  readonly protect?: readonly string[];
  /** The page to sign in on, a path of this application. Without it, who may not see a page gets 401 in JSON. */
  readonly signIn?: string;
}

/**
 * Makes the `proxy` of `proxy.ts`: refreshes sessions where that is due, for the page and the browser alike, and keeps
 * shared caches from what a session had a part in. HEAD never refreshes. While the store is down everybody passes.
 *
 * @example
 * export const proxy = authProxy(auth, { protect: ["/dashboard/:path*"], signIn: "/login" });
 */
export function authProxy<Context, U extends User>(
  auth: Auth<Context, U>,
  { basePath = "/auth", protect = [], signIn }: AuthProxyOptions = {},
): (request: ProxyRequest) => Promise<Response> {
  const isProtected = pathMatcher(protect);
  const open = [`${basePath}/`, "/_next/static/", "/_next/image"];
  return async (request) => {
    const { pathname } = request.nextUrl;
    const isOpen = !/%|\/\//.test(pathname) && open.some((prefix) => pathname.startsWith(prefix));
    if (isOpen) return NextResponse.next();
    const validation = await auth.validate(request);
    const isBarred = pathname.replace(/(.)\/$/, "$1") !== signIn && isProtected(pathname);
    const answer = (isBarred && refusal(request, validation, signIn)) || pass(request, validation);
    finish(answer.headers, validation);
    return answer;
  };
}

type Found = Validation<unknown>;

// A fault of ours is no reason to take anybody for signed out: the page finds out for itself, and says so.
function refusal({ nextUrl, url }: ProxyRequest, found: Found, signIn?: string): Response | null {
  if (found.ok || found.status >= 500) return null;
  if (found.status === 403 || signIn === undefined) return found.response();
  const to = new URL(nextUrl.basePath + signIn, url);
  // A path that begins with two slashes would lead to another site (RFC 9700 4.11).
  to.searchParams.set("redirect_to", pageOf(nextUrl.pathname).replace(/^[/\\]+/, "/") + nextUrl.search);
  return NextResponse.redirect(to, 303);
}

function pass(request: ProxyRequest, found: Found): Response {
  if (!found.ok || found.headers.getSetCookie().length === 0) return NextResponse.next();
  const headers = new Headers(request.headers);
  headers.set("cookie", [...found.cookies].map((pair) => pair.join("=")).join("; "));
  return NextResponse.next({ request: { headers } });
}

// RFC 9213: each overrides Cache-Control in the caches that it is for.
const TARGETED = ["cdn-cache-control", "cloudflare-cdn-cache-control", "vercel-cdn-cache-control"];

// A handler's own Cache-Control does not get past these: Next adds no header that is there already.
function finish(headers: Headers, found: Found): void {
  const lines = found.headers.getSetCookie();
  for (const line of lines) headers.append("set-cookie", line);
  headers.set("vary", found.headers.get("vary") ?? "Cookie");
  if (found.ok || found.code !== "unauthenticated") headers.set("cache-control", "private, no-store");
  if (lines.length > 0) for (const name of TARGETED) headers.set(name, "no-store");
}
