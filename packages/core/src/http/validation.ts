import type { RequestHost } from "../accounts/client.ts";
import { addVary } from "../cookies/cookie.ts";
import { kindOf } from "../platform/callback-answer.ts";
import { isRecord } from "../platform/encoding.ts";
import { AuthError, type ErrorCode } from "../platform/errors.ts";
import type { AccessClaims } from "../sessions/access-claims.ts";
import type { Session, Transport } from "../sessions/session.ts";
import type { StepUpBounds } from "../sessions/step-up.ts";
import type { UserId } from "../users/user.ts";

/** The result of `validate`, which never throws because of its input. */
export type Validation<Context = unknown> = ValidSession<Context> | InvalidSession;

/** The result of `validate` for a request of a signed-in user. */
export interface ValidSession<Context = unknown> {
  readonly ok: true;
  readonly session: Session<Context>;
  readonly userId: UserId;
  /** Every claim of the access token, including those of `accessToken.claims`. */
  readonly claims: AccessClaims;
  readonly transport: Transport;
  /** Whether the validation issued new tokens. */
  readonly refreshed: boolean;
  /**
   * The headers to add to the response: Set-Cookie, Cache-Control, Vary. They are made when they are first read, as `cookies` is, so
   * a copy by `{ ...validation }` has neither.
   */
  readonly headers: Headers;
  /** The request's cookies after the changes in `headers`. */
  readonly cookies: ReadonlyMap<string, string>;
}

/** The result of `validate` for a request without a session that counts. */
export interface InvalidSession {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly status: 401 | 403 | 500 | 503;
  readonly headers: Headers;
  /** Makes a JSON response with the error. */
  readonly response: () => Response;
}

/**
 * With `maxAge` or `amr`, a valid session whose sign-in does not meet them is `insufficient_user_authentication`: it stays
 * signed in, and the cookies of a refresh are in `headers`.
 */
export interface ValidateOptions extends RequestHost, StepUpBounds {
  /**
   * `auto`, the default, refreshes if a refresh is due. `never`, the default of HEAD, is for requests that cannot set a
   * cookie: it writes nothing and does not report reuse. Without a live access token it accepts a refresh token only for
   * GET, HEAD and OPTIONS, until the access lifetime and four leases after the session last issued one. After that it
   * fails with `session_expired`, for this request only. Do not let a header of the request choose this option.
   */
  readonly refresh?: "auto" | "never";
  /** Check in the store whether the session has ended. The default depends on `revocation`. */
  readonly fresh?: boolean;
}

// RFC 9213: in the caches it is meant for, such as those of a CDN, a targeted field replaces Cache-Control.
const TARGETED_FIELD = /(?:cdn-cache|surrogate)-control$/;

/**
 * Returns a copy of a response with the headers of a validation, ready to send.
 *
 * - `Set-Cookie`: the cookies of the validation are added. If the response sets a cookie of the same name, that one stays
 *   alone: the handler ran later, and may have signed the user out.
 * - `Vary`: the request headers that can hold tokens are added, unless it contains `*`.
 * - `Cache-Control`: `private, no-store` if cookies were added. Otherwise it changes only if the response is neither
 *   `private` nor `no-store`, and not for the code `unauthenticated`: that response is the same for every visitor.
 * - `CDN-Cache-Control`, its variants and `Surrogate-Control`: removed, except for `unauthenticated` without cookies,
 *   because they replace `Cache-Control` in certain caches.
 *
 * The headers of the given response may be immutable; its body moves to the copy. A response with a status below 200,
 * such as 101, is returned as it is.
 *
 * It does not refuse anything: if a session is required, send `validation.response()` for a failed validation. It does
 * not see headers that are set later, so do not set a public `Cache-Control` after it. See RFC 9111 and RFC 9213.
 *
 * Throws an `AuthError` with `invalid_request` for an argument of another type.
 *
 * @example
 * const validation = await auth.validate(request);
 * return applyValidation(await render(request, validation), validation);
 */
export function applyValidation(response: Response, validation: Validation): Response {
  refuseUnless(hasHeaders(response), "applyValidation: response", response, "a Response");
  refuseUnless(hasHeaders(validation), "applyValidation: validation", validation, RESULT);
  if (response.status < 200) return response;
  const applied = mutableCopy(response);
  writeValidation(applied.headers, validation);
  return applied;
}

/**
 * Writes the headers of a validation into those of a response, as `applyValidation` does, which copies the response first. Only for
 * headers that can be changed, of a response that is sent once: the cookies of one user in a response that is kept would sign
 * in others.
 *
 * Throws an `AuthError` with `invalid_request` for an argument of another type.
 *
 * @example
 * const headers = new Headers({ "content-type": "text/html" });
 * writeValidation(headers, await auth.validate(request));
 */
export function writeValidation(headers: Headers, validation: Validation): void {
  refuseUnless(isHeaders(headers), "writeValidation: headers", headers, "the Headers of a response");
  refuseUnless(hasHeaders(validation), "writeValidation: validation", validation, RESULT);
  const cookies = cookiesToAdd(headers, validation.headers);
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  addVary(headers, ...(validation.headers.get("vary") ?? "Cookie").split(", "));
  if (cookies.length > 0) {
    forbidCaching(headers);
  } else if (validation.ok || validation.code !== "unauthenticated") {
    forbidSharedCaching(headers);
  }
}

const RESULT = "what auth.validate returned";

function refuseUnless(isMet: boolean, argument: string, value: unknown, expected: string): void {
  if (isMet) return;
  throw new AuthError("invalid_request", `${argument} is ${kindOf(value)}, but it must be ${expected}`);
}

function hasHeaders(value: unknown): boolean {
  return isRecord(value) && isHeaders(value["headers"]);
}

// A runtime may have several classes of headers.
function isHeaders(value: unknown): boolean {
  return isRecord(value) && typeof value["getSetCookie"] === "function";
}

/** Returns a copy whose headers can be changed. */
export function mutableCopy(response: Response): Response {
  // A body that was read cannot move to a copy.
  return response.bodyUsed ? response : new Response(response.body, response);
}

/** The cookies of a validation, except those whose name the response sets. */
function cookiesToAdd(response: Headers, validation: Headers): readonly string[] {
  const names = new Set(response.getSetCookie().map(cookieName));
  return validation.getSetCookie().filter((cookie) => !names.has(cookieName(cookie)));
}

function cookieName(setCookie: string): string {
  const [name = ""] = setCookie.split("=", 1);
  return name.trim();
}

function forbidCaching(headers: Headers): void {
  headers.set("cache-control", "private, no-store");
  removeTargetedFields(headers);
}

/** Lets the browser keep a response that is marked for it alone. */
function forbidSharedCaching(headers: Headers): void {
  if (isPrivate(headers)) {
    removeTargetedFields(headers);
  } else {
    forbidCaching(headers);
  }
}

function removeTargetedFields(headers: Headers): void {
  for (const name of [...headers.keys()]) {
    if (TARGETED_FIELD.test(name)) headers.delete(name);
  }
}

/** `private="name"` is not enough: it covers the named fields only. */
function isPrivate(headers: Headers): boolean {
  const directives = (headers.get("cache-control") ?? "").split(",");
  return directives.some((directive) => ["private", "no-store"].includes(directive.trim().toLowerCase()));
}
