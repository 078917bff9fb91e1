import type {
  AccessClaims,
  Auth,
  Session,
  StepUpBounds,
  User,
  ValidateOptions,
  Validation,
} from "@latchkey/core";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { requestHost } from "./host.ts";
import { respond } from "./respond.ts";

export { requestHost } from "./host.ts";

// The key is a symbol of this module, so no other middleware can write a validation under it.
const VALIDATED: unique symbol = Symbol("latchkey");

/** The variables that `session` sets on the context; both are null if the user is not signed in. */
export interface SessionVariables<Context = unknown> {
  readonly session: Session<Context> | null;
  /** All claims of the access token, including those of `accessToken.claims`. */
  readonly claims: AccessClaims | null;
  readonly [VALIDATED]?: {
    readonly auth: Pick<Auth<Context>, "stepUp">;
    readonly validation: Validation<Context>;
  };
}

/** The environment of an app with sessions of this context: `new Hono<SessionEnv<Context>>()`. */
export type SessionEnv<Context = unknown> = { Variables: SessionVariables<Context> };

/** The environment of a handler behind `requireSession`. */
export type SignedInEnv<C = unknown> = { Variables: { session: Session<C>; claims: AccessClaims } };

/** An auth, or a function from the bindings of a request to one, such as `defineAuth` of `@latchkey/cloudflare` returns. */
export type AuthSource<Context, U extends User> = Auth<Context, U> | ((bindings: never) => Auth<Context, U>);

/** Options of `auth.validate`. The client's address is that of each request. */
export type SessionOptions = Pick<ValidateOptions, "refresh" | "fresh">;

/**
 * Answers every route of `auth`. No other middleware may read the body before it. The client's address is the one of
 * `requestHost`.
 *
 * @example
 * app.all("/auth/*", authHandler(auth));
 */
export function authHandler<Context, U extends User>(source: AuthSource<Context, U>): MiddlewareHandler {
  return (c) => authOf(source, c.env).handle(c.req.raw, requestHost(c));
}

/**
 * Sets the session on the context, and refreshes it when that is due. It refuses no request: see `requireSession`. HEAD
 * requests and WebSocket handshakes never refresh.
 *
 * The response gets the headers of the validation, as `applyValidation` of `@latchkey/core` describes, whether a handler,
 * the error handler or another middleware made it.
 *
 * @example
 * app.use("*", session(auth));
 */
export function session<Context, U extends User>(
  source: AuthSource<Context, U>,
  options: SessionOptions = {},
): MiddlewareHandler<SessionEnv<Context>> {
  return async (c, next) => {
    const auth = authOf(source, c.env);
    const earlier = c.get(VALIDATED);
    if (earlier?.auth === auth) {
      // Another middleware may have overwritten the variables since.
      setVariables(c, earlier.validation);
      return next();
    }
    const validation = await auth.validate(c.req.raw, {
      ...optionsFor(c.req.raw, options),
      ...requestHost(c),
    });
    c.set(VALIDATED, { auth, validation });
    setVariables(c, validation);
    return respond(c, next, validation);
  };
}

/** What `requireSession` takes. `maxAge` and `amr` are those of `auth.stepUp`. */
export interface RequireOptions<Context = unknown> extends StepUpBounds {
  /** The auth of `session(auth)`. It types the context in `when`, and `session` must have run with this one. Default the one of `session`. */
  readonly auth?: AuthSource<Context, User>;
  /** Whether a session may do this; anything but true is no. Default: every session may. */
  readonly when?: (session: Session<Context>) => boolean;
}

/** A context whose members are not known: `when` without `auth` can compare them. */
export type UnknownContext = Readonly<Record<string, unknown>>;

/**
 * Lets only requests with a session pass. Others get the response of the failed validation: 401, 403 or 503. A session for
 * which `when` does not return true gets 403 `forbidden`. Then a session whose sign-in is older than `maxAge`, or lacks a
 * method of `amr`, gets 401 `insufficient_user_authentication`; it stays signed in. Throws a `TypeError` if `session` did
 * not run before it, and for bounds that are not valid.
 *
 * @example
 * app.get("/admin", requireSession({ auth, when: ({ context }) => context.role === "admin" }), show);
 */
export function requireSession<Context>(
  options: RequireOptions<Context> & { readonly auth: AuthSource<Context, User> },
): MiddlewareHandler<SignedInEnv<Context>>;
/** Without `auth`, the members of the context are `unknown` in `when`, so a misspelled one is not a type error. */
export function requireSession(
  options: StepUpBounds & {
    readonly auth?: never;
    readonly when: (session: Session<UnknownContext>) => boolean;
  },
): MiddlewareHandler<SignedInEnv>;
export function requireSession<Context = unknown>(
  options?: RequireOptions<Context>,
): MiddlewareHandler<SignedInEnv<Context>>;
export function requireSession<Context>({
  auth,
  when,
  ...bounds
}: RequireOptions<Context> = {}): MiddlewareHandler<SignedInEnv<Context>> {
  return async (c, next) => {
    const found = (c as HonoContext<SessionEnv<Context>>).get(VALIDATED);
    const isOther = auth !== undefined && found?.auth !== authOf(auth, c.env);
    if (found === undefined || isOther)
      throw new TypeError("requireSession needs session(auth) to run before it");
    if (!found.validation.ok) return found.validation.response();
    const refusal = { error: "forbidden", message: "This session may not do that." };
    if (when !== undefined && when(found.validation.session) !== true) return c.json(refusal, 403);
    const isBound = Object.keys(bounds).length > 0;
    const validation = isBound ? found.auth.stepUp(found.validation, bounds) : found.validation;
    if (!validation.ok) return validation.response();
    c.set("session", validation.session);
    c.set("claims", validation.claims);
    return next();
  };
}

function authOf<Context, U extends User>(source: AuthSource<Context, U>, env: unknown): Auth<Context, U> {
  if (typeof source !== "function") return source;
  return (source as (bindings: unknown) => Auth<Context, U>)(env);
}

function setVariables<Context>(c: HonoContext<SessionEnv<Context>>, validation: Validation<Context>): void {
  c.set("session", validation.ok ? validation.session : null);
  c.set("claims", validation.ok ? validation.claims : null);
}

function optionsFor(request: Request, options: SessionOptions): SessionOptions {
  return isWebSocketHandshake(request) ? { ...options, refresh: "never" } : options;
}

// RFC 6455 4.1. Any client can send these headers. That is safe: `validate` limits a refresh token that does not rotate
// to a short time and to safe methods.
function isWebSocketHandshake({ method, headers }: Request): boolean {
  const isWebSocket = headers.get("upgrade")?.toLowerCase() === "websocket";
  return method === "GET" && isWebSocket && headers.has("sec-websocket-key");
}
