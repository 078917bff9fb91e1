import { type Auth, AuthError, type User, type ValidateOptions, type ValidSession } from "@latchkey/core";
import { cookies, headers } from "next/headers.js";
import { NextResponse } from "next/server.js";
import { cache } from "react";
import { originOf } from "./located.ts";

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

type Jar = Awaited<ReturnType<typeof cookies>>;

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
export async function callRoute(route: Route, body: object = {}): Promise<Response> {
  const { jar, sent } = await incoming();
  if (!canSet(jar)) throw new TypeError("callRoute needs an action or a route handler");
  sent.delete("content-length");
  sent.set("content-type", "application/json");
  const init = { headers: sent, method: "POST", body: JSON.stringify(body) };
  const answer = await route(new Request(originOf(sent), init));
  setCookies(jar, answer.headers);
  return answer;
}

// React remembers it while it renders, and nowhere else.
const validated = cache(async <Context, U extends User>(auth: Auth<Context, U>, fresh: boolean) => {
  const { jar, sent } = await incoming();
  // Next does not tell the method. A browser sends Origin with every unsafe one; a body and an action are unsafe, too.
  const isUnsafe = ["origin", "content-type", "next-action"].some((name) => sent.has(name));
  const request = new Request(originOf(sent), { headers: sent, method: isUnsafe ? "POST" : "GET" });
  const found = await auth.validate(request, { fresh, refresh: canSet(jar) ? "auto" : "never" });
  setCookies(jar, found.headers);
  return found;
});

/** The request that is being answered, with the cookies as they are by now. */
async function incoming() {
  const jar = await cookies();
  const sent = new Headers(await headers());
  // The jar knows one cookie of each name, and what became of it; the header knows all that came.
  const before = (sent.get("cookie") ?? "").split(/; */);
  const now = jar.getAll().map(({ name, value }) => `${name}=${encodeURIComponent(value)}`);
  const unchanged = now.filter((pair) => before.includes(pair)).map(nameOf);
  const kept = before.filter((pair) => unchanged.includes(nameOf(pair)));
  sent.set("cookie", [...new Set([...kept, ...now])].join("; "));
  return { jar, sent };
}

const nameOf = (pair: string): string => pair.slice(0, pair.indexOf("="));

// Next refuses where cookies cannot be set before it reads which. This one refuses to be read, so that none is set.
function canSet(jar: Jar): boolean {
  const get = (): never => {
    throw jar;
  };
  try {
    jar.set(new Proxy({ name: "", value: "" }, { get }));
    return false;
  } catch (error) {
    return error === jar;
  }
}

function setCookies(jar: Jar, answer: Headers): void {
  const parsed = new NextResponse(null, { headers: answer }).cookies.getAll();
  // What Next reads of a cookie that is deleted lacks its value and its age, which are empty and 0.
  for (const { name, value = "", maxAge = 0, ...place } of parsed) jar.set({ name, value, maxAge, ...place });
}
