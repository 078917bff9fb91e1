import type { Auth, User, Validation } from "@latchkey/core";
import { type NextRequest, NextResponse } from "next/server.js";
import { pageOf, pathMatcher } from "./path.ts";

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
): (request: NextRequest) => Promise<Response> {
  const isProtected = pathMatcher(protect);
  const open = [`${basePath}/`, "/_next/static/", "/_next/image"];
  return async (request) => {
    const { pathname } = request.nextUrl;
    const isPlain = !/%|\/\//.test(pathname);
    if (isPlain && open.some((prefix) => pathname.startsWith(prefix))) return NextResponse.next();
    const validation = await auth.validate(request);
    const isBarred = pathname !== signIn?.split("?", 1)[0] && isProtected(pathname);
    const answer = (isBarred ? refusal(request, validation, signIn) : null) ?? pass(request, validation);
    finish(answer.headers, validation);
    return answer;
  };
}

// A fault of ours is no reason to take anybody for signed out: the page finds out for itself, and says so.
function refusal(
  { nextUrl, url }: NextRequest,
  validation: Validation<unknown>,
  signIn: string | undefined,
): Response | null {
  if (validation.ok || validation.status >= 500) return null;
  if (validation.status === 403 || signIn === undefined) return validation.response();
  const to = new URL(nextUrl.basePath + signIn, url);
  // RFC 9700 4.11.1: a path with two slashes would lead elsewhere.
  const path = pageOf(nextUrl.pathname).replace(/^[/\\]+/, "/");
  to.searchParams.set("redirect_to", path + nextUrl.search);
  return NextResponse.redirect(to, 303);
}

function pass(request: NextRequest, validation: Validation<unknown>): Response {
  if (!validation.ok || validation.headers.getSetCookie().length === 0) return NextResponse.next();
  const headers = new Headers(request.headers);
  headers.set("cookie", [...validation.cookies].map((pair) => pair.join("=")).join("; "));
  return NextResponse.next({ request: { headers } });
}

// RFC 9213: each overrides Cache-Control in the caches that it is for. Next adds no header that is there already.
const TARGETED: readonly string[] = [
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "surrogate-control",
  "vercel-cdn-cache-control",
];

function finish(headers: Headers, validation: Validation<unknown>): void {
  const lines = validation.headers.getSetCookie();
  for (const line of lines) headers.append("set-cookie", line);
  headers.set("vary", validation.headers.get("vary") ?? "Cookie");
  if (validation.ok || validation.code !== "unauthenticated")
    headers.set("cache-control", "private, no-store");
  if (lines.length > 0) for (const name of TARGETED) headers.set(name, "no-store");
}
