import type { App } from "../accounts/app.ts";
import { type CookieChange, writeChanges } from "../cookies/cookie.ts";
import { AuthError, type ErrorCode, faultName, messages, statuses } from "../platform/errors.ts";
import type { CredentialOptions, Credentials } from "./request.ts";
import { addVary, type InvalidSession } from "./validation.ts";

/** Makes the headers of a response that depends on a session, so that no cache stores it (RFC 9111). */
export function sessionHeaders(bearerHeader: string): Headers {
  const headers = new Headers({ "cache-control": "private, no-store" });
  addVary(headers, "Cookie", titleCase(bearerHeader));
  return headers;
}

/** Makes a JSON response. It is `no-store` unless the headers have a Cache-Control. */
export function json(body: unknown, status: number, headers: Headers = new Headers()): Response {
  headers.set("content-type", "application/json; charset=utf-8");
  headers.set("x-content-type-options", "nosniff");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return new Response(JSON.stringify(body), { status, headers });
}

/** Makes an error response. `message` must be safe to show: never pass the message of a caught error. */
export function errorResponse(
  code: ErrorCode,
  headers?: Headers,
  message: string = messages[code],
): Response {
  return json({ error: code, message }, statuses[code], headers);
}

/** RFC 6750 section 3: the challenge has an error only if the request had a token. */
export function challenge(scheme: string, sent: boolean): string {
  return sent ? `${titleCase(scheme)} error="invalid_token"` : titleCase(scheme);
}

function titleCase(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** Redirects the browser without a referrer (OAU-26). */
export function redirect(url: URL, headers: Headers): Response {
  headers.set("location", url.href);
  headers.set("referrer-policy", "no-referrer");
  // 303: the browser follows with GET after any method (RFC 9700 4.12).
  return new Response(null, { status: 303, headers });
}

/** Adds an error code to the target. */
export function addError(target: URL, code: string): URL {
  const url = new URL(target);
  url.searchParams.set("error", code);
  return url;
}

const FAILURE_STATUSES: ReadonlySet<number> = new Set([401, 403, 500, 503]);

/** Makes a failed validation. */
export function refusal(
  { bearer }: CredentialOptions,
  code: ErrorCode,
  credentials: Credentials | null,
  message: string = messages[code],
): InvalidSession {
  const status = statuses[code];
  // A hook may throw any code, but a validation only has these statuses.
  if (!isFailureStatus(status)) return refusal({ bearer }, "internal_error", credentials);
  const headers = sessionHeaders(bearer.header);
  if (status === 401 && credentials !== null) addChallenge(headers, bearer.schemes, credentials);
  const response = (): Response => errorResponse(code, new Headers(headers), message);
  return { ok: false, code, status, headers, response };
}

/** RFC 6750 section 3: adds a challenge for a bearer client. A browser gets none. */
export function addChallenge(
  headers: Headers,
  [scheme = "bearer"]: readonly string[],
  { presented }: Credentials,
): void {
  if (presented.transport !== "bearer") return;
  const sent = presented.access.some(({ token }) => token !== "");
  headers.set("www-authenticate", challenge(scheme, sent));
}

function isFailureStatus(status: number): status is InvalidSession["status"] {
  return FAILURE_STATUSES.has(status);
}

/** Maps an error to a code, and emits an event for an unexpected one. */
export function codeOf(app: App, error: unknown): ErrorCode {
  const code = error instanceof AuthError ? error.code : "internal_error";
  if (code === "internal_error") app.engine.emit({ type: "internal_error", error: faultName(error) });
  return code;
}

/** Answers an error: an `AuthError` with its own message, any other as `internal_error`. */
export function answerError(app: App, error: unknown, changes: readonly CookieChange[] = []): Response {
  const code = codeOf(app, error);
  const own = error instanceof AuthError && code !== "internal_error" ? error.message : messages[code];
  const headers = sessionHeaders(app.config.bearer.header);
  writeChanges(headers, changes);
  // RFC 6585 section 4.
  if (error instanceof AuthError && error.retryAfter !== null)
    headers.set("retry-after", `${error.retryAfter}`);
  return errorResponse(code, headers, own);
}

/** Makes an uncacheable JSON response with cookie changes. */
export function respondJson(
  app: App,
  body: unknown,
  status: number,
  changes: readonly CookieChange[] = [],
): Response {
  return json(body, status, headersOf(app, changes));
}

/** Makes the headers of an uncacheable response with cookie changes. */
export function headersOf(app: App, changes: readonly CookieChange[]): Headers {
  const headers = sessionHeaders(app.config.bearer.header);
  writeChanges(headers, changes);
  return headers;
}
