import { type Auth, AuthError, type User, type ValidateOptions, type ValidSession } from "@latchkey/core";
import { cookies, headers } from "next/headers.js";
import { NextResponse } from "next/server.js";
import { cache } from "react";
import { cookieHeader, located, originOf } from "./path.ts";

/** Who is signed in. */
export type SignedIn<Context = unknown> = Pick<ValidSession<Context>, "session" | "userId" | "claims">;

export interface RequireOptions<Context> extends Pick<ValidateOptions, "fresh"> {
  /** Whether a session may do this; anything but true is no. */
  readonly when?: (session: ValidSession<Context>["session"]) => boolean;
  /** Ends it in a way of your own, such as `() => redirect("/login")`. Default: throws `AuthError` with the code. */
  readonly otherwise?: (code: "unauthenticated" | "forbidden") => never;
}

/** Answers requests: `auth.handle`, or one of `auth.handlers`. */
export type Route = (request: Request) => Promise<Response>;

/** What `app/auth/[...latchkey]/route.ts` exports. */
export type RouteHandlers = Readonly<Record<"GET" | "POST" | "DELETE" | "HEAD" | "OPTIONS", Route>>;

/**
 * Answers every route of `auth`.
 *
 * @example
 * export const { GET, POST, DELETE, HEAD, OPTIONS } = routeHandlers(auth);
 */
export function routeHandlers<Context, U extends User>(auth: Auth<Context, U>): RouteHandlers {
  const handle: Route = (request) => auth.handle(located(request));
  return { GET: handle, POST: handle, DELETE: handle, HEAD: handle, OPTIONS: handle };
}

/**
 * Tells who is signed in, or null. In server actions and route handlers it refreshes where that is due; in server
 * components, which can set no cookie, it never does. Validates once for each rendering.
 *
 * Throws `AuthError` with `store_unavailable` or `internal_error` where it cannot tell: that is not signed out.
 */
export async function getSession<Context, U extends User>(
  auth: Auth<Context, U>,
  { fresh = false }: Pick<ValidateOptions, "fresh"> = {},
): Promise<SignedIn<Context> | null> {
  const found = await validated(auth, fresh);
  if (found.ok) return { session: found.session, userId: found.userId, claims: found.claims };
  if (found.status >= 500) throw new AuthError(found.code);
  return null;
}

/**
 * Tells who is signed in. For everybody else, and with `forbidden` for a session that `when` does not like, it ends the
 * component, the action or the handler by `otherwise`. `when` is asked after the refresh. Of a throw in a route handler
 * Next makes 500: there, ask `getSession`.
 *
 * @example
 * const { userId } = await requireSession(auth, { otherwise: () => redirect("/login") });
 */
export async function requireSession<Context, U extends User>(
  auth: Auth<Context, U>,
  { when = () => true, otherwise, ...options }: RequireOptions<Context> = {},
): Promise<SignedIn<Context>> {
  const found = await getSession(auth, options);
  if (found !== null && when(found.session) === true) return found;
  const code = found === null ? "unauthenticated" : "forbidden";
  otherwise?.(code);
  throw new AuthError(code);
}

/**
 * Calls a route from a server action or a route handler, and sets the cookies of its answer.
 *
 * @example
 * const { ok } = await callRoute(auth.handlers.login, { email, password });
 */
export function callRoute(route: Route, body: object = {}): Promise<Response> {
  return relayed((sent, canSet) => {
    if (!canSet) throw new TypeError("callRoute needs an action or a route handler");
    sent.delete("content-length");
    sent.set("content-type", "application/json");
    return route(new Request(originOf(sent), { headers: sent, method: "POST", body: JSON.stringify(body) }));
  });
}

// React remembers it while it renders, and nowhere else.
const validated = cache(<Context, U extends User>(auth: Auth<Context, U>, fresh: boolean) =>
  relayed((sent, canSet) => {
    // Next does not tell the method. A browser sends Origin with every unsafe one; a body and an action are unsafe, too.
    const isUnsafe = ["origin", "content-type", "next-action"].some((name) => sent.has(name));
    const request = new Request(originOf(sent), { headers: sent, method: isUnsafe ? "POST" : "GET" });
    return auth.validate(request, { fresh, refresh: canSet ? "auto" : "never" });
  }),
);

/** Asks with the headers of the request that is being answered, and sets the cookies of what comes back. */
async function relayed<T extends { headers: Headers }>(ask: (sent: Headers, canSet: boolean) => Promise<T>) {
  const jar = await cookies();
  const sent = new Headers(await headers());
  // The jar knows one cookie of each name, and what became of it; the header knows all that came.
  sent.set("cookie", cookieHeader(sent.get("cookie") ?? "", jar.getAll()));
  const isSettable = canSet(jar);
  const answer = await ask(sent, isSettable);
  // A conflict asks for cookies to be deleted also where none can be.
  if (!isSettable) return answer;
  const parsed = new NextResponse(null, { headers: answer.headers }).cookies.getAll();
  // What Next reads of a cookie that is deleted lacks its value and its age, which are empty and 0.
  for (const { value = "", maxAge = 0, ...cookie } of parsed) jar.set({ ...cookie, value, maxAge });
  return answer;
}

// Next refuses where cookies cannot be set before it reads which. Who reads this one gets an error of its own, and sets none.
function canSet(jar: Awaited<ReturnType<typeof cookies>>): boolean {
  try {
    jar.set(new Proxy({ name: "", value: "" }, { get: () => decodeURIComponent("%") }));
    return false;
  } catch (error) {
    return error instanceof URIError;
  }
}
