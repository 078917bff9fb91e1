import {
  type Auth,
  AuthError,
  type Session,
  type User,
  type Validation,
  type ValidSession,
} from "@latchkey/core";
import { cookies, headers } from "next/headers.js";
import { NextResponse } from "next/server.js";
import { cache } from "react";

/** Who is signed in. */
export type SignedIn<Context = unknown> = Pick<
  ValidSession<Context>,
  "session" | "userId" | "claims" | "transport"
>;

export interface SessionOptions {
  /** Ask the store whether the session has ended. Default as `revocation` says. */
  readonly fresh?: boolean;
}

export interface RequireOptions<Context> extends SessionOptions {
  /** Whether a session may do this; anything but true is no. */
  readonly when?: (session: Session<Context>) => boolean;
  /** Ends it in a way of your own, such as `() => redirect("/login")`. Default: throws `AuthError` with the code. */
  readonly otherwise?: (code: "unauthenticated" | "forbidden") => never;
}

type Jar = Awaited<ReturnType<typeof cookies>>;

/**
 * Tells who is signed in, or null. In server actions and route handlers it refreshes where that is due; in server
 * components, which can set no cookie, it never does. Validates once for each rendering.
 *
 * Throws `AuthError` with `store_unavailable` or `internal_error` where it cannot tell: that is not signed out.
 */
export async function getSession<Context, U extends User>(
  auth: Auth<Context, U>,
  { fresh = false }: SessionOptions = {},
): Promise<SignedIn<Context> | null> {
  const found = await validated(auth, fresh);
  if (!found.ok && found.status >= 500) throw new AuthError(found.code);
  if (!found.ok) return null;
  return { session: found.session, userId: found.userId, claims: found.claims, transport: found.transport };
}

/**
 * Tells who is signed in. For everybody else, and with `forbidden` for a session that `when` does not like, it ends the
 * component, the action or the handler by `otherwise`.
 *
 * @example
 * const { userId } = await requireSession(auth, { otherwise: () => redirect("/login") });
 */
export async function requireSession<Context, U extends User>(
  auth: Auth<Context, U>,
  { when, otherwise, ...options }: RequireOptions<Context> = {},
): Promise<SignedIn<Context>> {
  const found = await getSession(auth, options);
  if (found !== null && (when === undefined || when(found.session) === true)) return found;
  const code = found === null ? "unauthenticated" : "forbidden";
  otherwise?.(code);
  throw new AuthError(code);
}

/**
 * Calls a route from a server action, and sets the cookies of its answer. Throws in a server component.
 *
 * @example
 * const { ok } = await callRoute(auth.handlers.login, { email, password });
 */
export async function callRoute(
  route: (request: Request) => Promise<Response>,
  body?: Readonly<Record<string, unknown>>,
): Promise<Response> {
  const jar = await cookies();
  if (!canSet(jar))
    throw new TypeError("callRoute sets cookies: call it in a server action or a route handler");
  const sent = requestHeaders(await headers(), jar);
  for (const name of ["content-length", "transfer-encoding"]) sent.delete(name);
  sent.set("content-type", "application/json");
  const answer = await route(
    new Request(urlOf(sent), { method: "POST", headers: sent, body: JSON.stringify(body ?? {}) }),
  );
  keep(jar, answer.headers);
  return answer;
}

// React remembers it while it renders, and nowhere else.
const validated = cache(
  async <Context, U extends User>(auth: Auth<Context, U>, fresh: boolean): Promise<Validation<Context>> => {
    const jar = await cookies();
    const sent = requestHeaders(await headers(), jar);
    // Next does not tell the method. A browser sends Origin with every unsafe one; a body and an action are unsafe, too.
    const isUnsafe = ["origin", "content-type", "next-action"].some((name) => sent.has(name));
    const request = new Request(urlOf(sent), { method: isUnsafe ? "POST" : "GET", headers: sent });
    const found = await auth.validate(request, { fresh, refresh: canSet(jar) ? "auto" : "never" });
    keep(jar, found.headers);
    return found;
  },
);

/** The headers of the request, with the cookies as they are by now. */
function requestHeaders(sent: Headers, jar: Jar): Headers {
  const pairs = (sent.get("cookie") ?? "").split(/; */).map((pair) => pair.split(/=(.*)/s));
  const isAsSent = (name = ""): boolean =>
    pairs.some(([key, value]) => key === name && value === jar.get(name)?.value);
  // The jar knows one cookie of each name and what became of it; the header knows all that came.
  const kept = pairs.filter(([name]) => isAsSent(name)).map(([name, value]) => `${name}=${value}`);
  const changed = jar.getAll().filter(({ name, value }) => value !== "" && !isAsSent(name));
  const copy = new Headers(sent);
  copy.set("cookie", [...kept, ...changed.map(({ name, value }) => `${name}=${value}`)].join("; "));
  return copy;
}

function urlOf(sent: Headers): URL {
  const scheme = sent.get("x-forwarded-proto") === "https" ? "https" : "http";
  return URL.parse(`${scheme}://${sent.get("host")}/`) ?? new URL("http://host.invalid");
}

// Next refuses where cookies cannot be set before it reads which. This one refuses to be read, so that none is set.
function canSet(jar: Jar): boolean {
  const unread = new Error("never set");
  const probe = {
    get name(): string {
      throw unread;
    },
    value: "",
  };
  try {
    jar.set(probe);
  } catch (error) {
    return error === unread;
  }
  return false;
}

function keep(jar: Jar, answer: Headers): void {
  const lines = answer.getSetCookie().map((line): [string, string] => ["set-cookie", line]);
  // What Next reads of a cookie that is deleted lacks its value and its age, which are empty and 0.
  for (const { name, value = "", maxAge = 0, ...place } of new NextResponse(null, {
    headers: lines,
  }).cookies.getAll())
    jar.set({ name, value, maxAge, ...place });
}
