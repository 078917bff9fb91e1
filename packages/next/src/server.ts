import {
  type Auth,
  AuthError,
  type RequestHost,
  type StepUpBounds,
  type User,
  type ValidateOptions,
  type ValidSession,
} from "@latchkey/core";
import { cookies, headers } from "next/headers.js";
import { cache } from "react";
import { type CookieJar, canSetCookies, cookieHeader, setCookies } from "./cookies.ts";
import { NEXT_HOST } from "./host.ts";
import { atPublicUrl, originOf } from "./url.ts";

/** The session of a signed-in user. */
export type SignedIn<Context = unknown> = Pick<ValidSession<Context>, "session" | "userId" | "claims">;

/** What `requireSession` takes. `maxAge` and `amr` are those of `auth.stepUp`. */
export interface RequireOptions<Context> extends Pick<ValidateOptions, "fresh">, StepUpBounds {
  /** Tells whether a session is allowed. Every result but `true` refuses. Default: every session is allowed. */
  readonly when?: (session: ValidSession<Context>["session"]) => boolean;
  /** Called for a refused request; it must throw, as `() => redirect("/login")` does. Default: throws `AuthError`. */
  readonly otherwise?: (code: RefusalCode) => never;
}

/** Why `requireSession` refuses a request. */
export type RefusalCode = "unauthenticated" | "forbidden" | "insufficient_user_authentication";

type Route = (request: Request, host?: RequestHost) => Promise<Response>;

/** The exports of `app/auth/[...latchkey]/route.ts`. */
export type RouteHandlers = Readonly<
  Record<"GET" | "POST" | "DELETE" | "HEAD" | "OPTIONS", (request: Request) => Promise<Response>>
>;

/**
 * Answers every route of `auth`.
 *
 * @example
 * export const { GET, POST, DELETE, HEAD, OPTIONS } = routeHandlers(auth);
 */
export function routeHandlers<Context, U extends User>(auth: Auth<Context, U>): RouteHandlers {
  const handle = (request: Request): Promise<Response> => auth.handle(atPublicUrl(request), NEXT_HOST);
  return { GET: handle, POST: handle, DELETE: handle, HEAD: handle, OPTIONS: handle };
}

/**
 * Returns the session of the user, or null if the user is not signed in. Server actions and route handlers refresh the
 * session when that is due. Server components cannot set cookies, so they never refresh. While React renders, it validates
 * once.
 *
 * Throws `AuthError` with `store_unavailable` or `internal_error` if it cannot tell. That does not mean signed out.
 *
 * @example
 * const signedIn = await getSession(auth);
 */
export async function getSession<Context, U extends User>(
  auth: Auth<Context, U>,
  { fresh = false }: Pick<ValidateOptions, "fresh"> = {},
): Promise<SignedIn<Context> | null> {
  const valid = await findSession(auth, fresh);
  return valid === null ? null : signedInBy(valid);
}

/**
 * Returns the session of the user, or ends the component, the action or the handler: it calls `otherwise` with
 * `unauthenticated` if there is no session, with `forbidden` if `when` does not return true for it, and with
 * `insufficient_user_authentication` if its sign-in is older than `maxAge` or lacks a method of `amr`. It calls `when` after the
 * refresh.
 *
 * Next answers 500 for an error in a route handler: use `getSession` there.
 *
 * Throws `AuthError` with these codes, and those of `getSession`.
 *
 * @example
 * const { userId } = await requireSession(auth, { otherwise: () => redirect("/login") });
 */
export async function requireSession<Context, U extends User>(
  auth: Auth<Context, U>,
  { when = () => true, otherwise, fresh = false, ...bounds }: RequireOptions<Context> = {},
): Promise<SignedIn<Context>> {
  const valid = await findSession(auth, fresh);
  const isAllowed = valid !== null && when(valid.session) === true;
  if (isAllowed && meetsBounds(auth, valid, bounds)) return signedInBy(valid);
  const refusal = isAllowed ? "insufficient_user_authentication" : "forbidden";
  const code = valid === null ? "unauthenticated" : refusal;
  otherwise?.(code);
  throw new AuthError(code);
}

function meetsBounds<Context>(
  auth: Pick<Auth<Context>, "stepUp">,
  valid: ValidSession<Context>,
  bounds: StepUpBounds,
): boolean {
  return Object.keys(bounds).length === 0 || auth.stepUp(valid, bounds).ok;
}

/** The valid session of the request; null without one. Throws if it cannot tell. */
async function findSession<Context, U extends User>(
  auth: Auth<Context, U>,
  fresh: boolean,
): Promise<ValidSession<Context> | null> {
  const validation = await validateCurrentRequest(auth, fresh);
  if (validation.ok) return validation;
  if (validation.status >= 500) throw new AuthError(validation.code);
  return null;
}

function signedInBy<Context>({ session, userId, claims }: ValidSession<Context>): SignedIn<Context> {
  return { session, userId, claims };
}

/**
 * Calls a route from a server action or a route handler, and sets the cookies of its response. Throws a `TypeError` in a server
 * component, which cannot set cookies.
 *
 * @example
 * const { ok } = await callRoute(auth.handlers.login, { email, password });
 */
export async function callRoute(route: Route, body: object = {}): Promise<Response> {
  const current = await readCurrentRequest();
  if (!current.canSetCookies) throw new TypeError("callRoute needs an action or a route handler");
  const response = await route(jsonRequest(current.headers, body), NEXT_HOST);
  setCookies(current.jar, response.headers);
  return response;
}

// React remembers the result for the rest of a rendering. Outside of one it calls the function each time.
const validateCurrentRequest = cache(
  async <Context, U extends User>(auth: Auth<Context, U>, fresh: boolean) => {
    const current = await readCurrentRequest();
    const refresh = current.canSetCookies ? "auto" : "never";
    const options = { ...NEXT_HOST, fresh, refresh } as const;
    const validation = await auth.validate(requestWithoutBody(current.headers), options);
    // A conflict of two sessions deletes cookies even with `never`.
    if (current.canSetCookies) setCookies(current.jar, validation.headers);
    return validation;
  },
);

interface CurrentRequest {
  readonly jar: CookieJar;
  readonly headers: Headers;
  readonly canSetCookies: boolean;
}

/** The request that Next is answering, with its cookies as they are now. */
async function readCurrentRequest(): Promise<CurrentRequest> {
  const jar = await cookies();
  const current = new Headers(await headers());
  current.set("cookie", cookieHeader(current.get("cookie") ?? "", jar.getAll()));
  return { jar, headers: current, canSetCookies: canSetCookies(jar) };
}

function jsonRequest(sent: Headers, body: object): Request {
  const own = new Headers(sent);
  own.delete("content-length");
  own.set("content-type", "application/json");
  return new Request(originOf(sent), { headers: own, method: "POST", body: JSON.stringify(body) });
}

function requestWithoutBody(sent: Headers): Request {
  return new Request(originOf(sent), { headers: sent, method: isUnsafe(sent) ? "POST" : "GET" });
}

/**
 * Next does not tell the method of a request. Browsers send Origin with every unsafe method, and a request with a body or an
 * action is unsafe too.
 */
function isUnsafe(sent: Headers): boolean {
  return ["origin", "content-type", "next-action"].some((name) => sent.has(name));
}
