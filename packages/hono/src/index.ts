import type { AccessClaims, Auth, Session, User, ValidateOptions, Validation } from "@latchkey/core";
import type { Context as HonoContext, MiddlewareHandler } from "hono";

// A symbol of our own: no other middleware can plant a validation under it by name.
const FOUND: unique symbol = Symbol("latchkey");

/** What `session` puts on the context; both are null for nobody. */
export interface SessionVariables<Context = unknown> {
  readonly session: Session<Context> | null;
  /** Every claim of the access token, those of `accessToken.claims` among them. */
  readonly claims: AccessClaims | null;
  readonly [FOUND]?: { readonly auth: unknown; readonly validation: Validation<Context> };
}

/** The environment of an app whose sessions have this context: `new Hono<SessionEnv<Context>>()`. */
export type SessionEnv<Context = unknown> = { Variables: SessionVariables<Context> };

/** The environment of a handler behind `requireSession`. */
export type SignedInEnv<C = unknown> = { Variables: { session: Session<C>; claims: AccessClaims } };

/** An auth, or what finds it by the bindings of a request, as that which `defineAuth` of `@latchkey/cloudflare` makes. */
export type AuthSource<Context, U extends User> = Auth<Context, U> | ((bindings: never) => Auth<Context, U>);

/** Answers every route of `auth`: `app.all("/auth/*", authHandler(auth))`. Nothing may read the body before it. */
export function authHandler<Context, U extends User>(source: AuthSource<Context, U>): MiddlewareHandler {
  return (c) => authOf(source, c.env).handle(c.req.raw);
}

/**
 * Puts the session on the context, refreshes it where that is due, and lets every request pass. HEAD and WebSocket
 * handshakes never refresh. Cookies go onto whatever response comes back, and no shared cache keeps one that a session
 * had a part in.
 *
 * @example
 * app.use("*", session(auth));
 */
export function session<Context, U extends User>(
  source: AuthSource<Context, U>,
  options: ValidateOptions = {},
): MiddlewareHandler<SessionEnv<Context>> {
  return async (c, next) => {
    const auth = authOf(source, c.env);
    const found = c.get(FOUND);
    // Another middleware may have written under these names since.
    if (found?.auth === auth) {
      setVariables(c, found.validation);
      return next();
    }
    const never = isHandshake(c.req.raw) ? ({ refresh: "never" } as const) : {};
    const validation = await auth.validate(c.req.raw, { ...options, ...never });
    c.set(FOUND, { auth, validation });
    setVariables(c, validation);
    try {
      await next();
    } catch (thrown) {
      // Hono answers an Error only. The headers of this response are merged into that of the error handler.
      c.res = new Response(null, { status: 500 });
      finish(c, validation);
      if (thrown instanceof Error) throw thrown;
      throw new Error("A handler threw a value that is not an Error.", { cause: thrown });
    }
    // A switch of protocols has no headers left to change.
    if (c.res.status >= 200) finish(c, validation);
  };
}

/**
 * Lets only the signed in pass; the rest get the validation's own answer. A session that `when` does not like gets 403.
 * Throws where `session` has not run before it.
 *
 * @example
 * app.get("/admin", requireSession({ when: ({ context }: Session<Role>) => context.role === "admin" }), show);
 */
export function requireSession<Context = unknown>(
  options: { readonly when?: (session: Session<Context>) => boolean } = {},
): MiddlewareHandler<SignedInEnv<Context>> {
  return async (c, next) => {
    const validation = (c as HonoContext<SessionEnv<Context>>).get(FOUND)?.validation;
    if (validation === undefined) throw new TypeError("requireSession needs session(auth) to run before it");
    if (!validation.ok) return validation.response();
    const refusal = { error: "forbidden", message: "This session may not do that." };
    if (options.when !== undefined && options.when(validation.session) !== true) return c.json(refusal, 403);
    c.set("session", validation.session);
    c.set("claims", validation.claims);
    return next();
  };
}

function setVariables<Context>(c: HonoContext<SessionEnv<Context>>, validation: Validation<Context>): void {
  c.set("session", validation.ok ? validation.session : null);
  c.set("claims", validation.ok ? validation.claims : null);
}

// RFC 6455 4.1. Any client can write these headers, so `validate` takes them for a short time and for a GET alone.
function isHandshake({ method, headers }: Request): boolean {
  const isWebSocket = headers.get("upgrade")?.toLowerCase() === "websocket";
  return method === "GET" && isWebSocket && headers.has("sec-websocket-key");
}

const authOf = <Context, U extends User>(source: AuthSource<Context, U>, env: unknown): Auth<Context, U> =>
  typeof source === "function" ? (source as (bindings: unknown) => Auth<Context, U>)(env) : source;

function finish(c: HonoContext, validation: Validation<unknown>): void {
  // What a handler did to the same cookie, such as signing out, came later and stands.
  const taken = new Set(c.res.headers.getSetCookie().map((line) => line.split("=", 1)[0]));
  const lines = validation.headers.getSetCookie().filter((line) => !taken.has(line.split("=", 1)[0]));
  for (const line of lines) c.header("set-cookie", line, { append: true });
  for (const name of (validation.headers.get("vary") ?? "Cookie").split(", "))
    if (!lists(c.res.headers.get("vary"), "*", name.toLowerCase())) c.header("vary", name, { append: true });
  const isKept = lists(c.res.headers.get("cache-control"), "private", "no-store");
  if (lines.length === 0 && (isKept || (!validation.ok && validation.code === "unauthenticated"))) return;
  c.header("cache-control", "private, no-store");
  // RFC 9213: a targeted field overrides Cache-Control in the caches that it is for.
  for (const key of [...c.res.headers.keys()])
    if (/(cdn-cache|surrogate)-control$/.test(key)) c.header(key, undefined);
}

const lists = (value: string | null, ...names: string[]): boolean =>
  (value ?? "").split(",").some((item) => names.includes(item.trim().toLowerCase()));
