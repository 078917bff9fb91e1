import type { Auth, InvalidSession, User, Validation } from "@latchkey/core";
import { NextResponse } from "next/server.js";
import { cleaned, located, pageOf, pathMatcher } from "./path.ts";

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
 * shared caches from what a session had a part in. HEAD never refreshes. While the store is down, who needs it gets 503
 * for a protected page, and passes to any other.
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
    const found = await auth.validate(located(request, { method: request.method, headers: request.headers }));
    const isBarred = !found.ok && cleaned(pathname) !== signIn && isProtected(pathname);
    const answer = isBarred ? refuse(request, found, signIn) : pass(request, found);
    const lines = found.headers.getSetCookie();
    answer.headers.delete("set-cookie");
    for (const line of lines) answer.headers.append("set-cookie", line);
    answer.headers.set("vary", found.headers.get("vary") ?? "Cookie");
    const isPrivate = isBarred || found.ok || lines.length > 0 || found.code !== "unauthenticated";
    if (isPrivate) for (const name of CACHES) answer.headers.set(name, "private, no-store");
    return answer;
  };
}

// RFC 9213: each of the later ones overrides the first in the caches that it is for. A handler's own do not get past
// these: Next adds no header that is there already.
const CACHES = ["", "cdn-", "cloudflare-cdn-", "vercel-cdn-"].map((target) => `${target}cache-control`);

function refuse({ nextUrl, url, headers }: ProxyRequest, found: InvalidSession, signIn?: string): Response {
  // A fault of ours makes nobody signed out, and the script that calls an action would follow a redirect as the action.
  if (found.status !== 401 || signIn === undefined || headers.has("next-action")) return found.response();
  const to = new URL(nextUrl.basePath + signIn, url);
  // A path that begins with two slashes would lead to another site (RFC 9700 4.11).
  to.searchParams.set("redirect_to", pageOf(nextUrl.pathname) + nextUrl.search);
  return NextResponse.redirect(to, 303);
}

// The page is to see the tokens as they are by now.
function pass(request: ProxyRequest, found: Validation<unknown>): Response {
  if (!found.ok || !found.refreshed) return NextResponse.next();
  const headers = new Headers(request.headers);
  headers.set("cookie", [...found.cookies].map((pair) => pair.join("=")).join("; "));
  return NextResponse.next({ request: { headers } });
}
