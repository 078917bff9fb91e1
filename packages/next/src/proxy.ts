import type { Auth, InvalidSession, User, Validation } from "@latchkey/core";
import { NextResponse } from "next/server.js";
import { located } from "./located.ts";
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
    const { method, headers, nextUrl } = request;
    const { pathname } = nextUrl;
    const isPlain = !/%|\/\//.test(pathname);
    if (isPlain && open.some((prefix) => pathname.startsWith(prefix))) return NextResponse.next();
    const found = await auth.validate(located(request, { method, headers }));
    const isBarred = !found.ok && pathname.replace(/(.)\/$/, "$1") !== signIn && isProtected(pathname);
    const answer = isBarred ? refusal(request, found, signIn) : pass(headers, found);
    finish(answer.headers, found);
    return answer;
  };
}

type Found = Validation<unknown>;

function refusal({ nextUrl, url, headers }: ProxyRequest, found: InvalidSession, signIn?: string): Response {
  // A fault of ours makes nobody signed out, and the script that calls an action would follow a redirect as the action.
  if (found.status !== 401 || signIn === undefined || headers.has("next-action")) return found.response();
  const to = new URL(nextUrl.basePath + signIn, url);
  // A path that begins with two slashes would lead to another site (RFC 9700 4.11).
  to.searchParams.set("redirect_to", pageOf(nextUrl.pathname).replace(/^[/\\]+/, "/") + nextUrl.search);
  return NextResponse.redirect(to, { status: 303, headers: { "cache-control": "private, no-store" } });
}

function pass(sent: Headers, found: Found): Response {
  if (!found.ok || !found.refreshed) return NextResponse.next();
  const headers = new Headers(sent);
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
