import type { App } from "../accounts/app.ts";
import { type CookieChange, writeChanges } from "../cookies/cookie.ts";
import { AuthError, type ErrorCode, faultName, messages, statuses } from "../platform/errors.ts";
import type { CredentialOptions, Credentials } from "./request.ts";
import type { InvalidSession } from "./validation.ts";

/** Adds names to Vary without losing those that are there; `*` says it all. */
export function addVary(headers: Headers, ...names: readonly string[]): void {
  const present = (headers.get("vary") ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (present.includes("*")) return;
  const known = new Set(present.map((name) => name.toLowerCase()));
  headers.set("vary", [...present, ...names.filter((name) => !known.has(name.toLowerCase()))].join(", "));
}

/** Marks an answer that depends on a session: no cache keeps it, and none takes it for somebody else's (RFC 9111). */
export function sessionHeaders(bearerHeader: string): Headers {
  const headers = new Headers({ "cache-control": "private, no-store" });
  addVary(headers, "Cookie", titleCase(bearerHeader));
  return headers;
}

/** An answer in JSON. Whatever it says is for this client alone, unless the headers say otherwise. */
export function json(body: unknown, status: number, headers: Headers = new Headers()): Response {
  headers.set("content-type", "application/json; charset=utf-8");
  headers.set("x-content-type-options", "nosniff");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return new Response(JSON.stringify(body), { status, headers });
}

/** An error in the one shape that all have. `message` is ours to show; the message of a caught error never is. */
export function errorResponse(
  code: ErrorCode,
  headers?: Headers,
  message: string = messages[code],
): Response {
  return json({ error: code, message }, statuses[code], headers);
}

/** RFC 6750 section 3: an error is named only where a token was sent. */
export function challenge(scheme: string, sent: boolean): string {
  return sent ? `${titleCase(scheme)} error="invalid_token"` : titleCase(scheme);
}

function titleCase(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** Sends the browser on, and keeps where it was to itself (OAU-26). */
export function redirect(url: URL, headers: Headers): Response {
  headers.set("location", url.href);
  headers.set("referrer-policy", "no-referrer");
  // 303: whatever method came, a GET goes on (RFC 9700 4.12).
  return new Response(null, { status: 303, headers });
}

/** The target with a code of what went wrong. */
export function withError(target: URL, code: string): URL {
  const url = new URL(target);
  url.searchParams.set("error", code);
  return url;
}

const FAILURES: ReadonlySet<number> = new Set([401, 403, 500, 503]);

/** A validation that found nobody, and why. */
export function refusal(
  { bearer }: CredentialOptions,
  code: ErrorCode,
  credentials: Credentials | null,
  message: string = messages[code],
): InvalidSession {
  const status = statuses[code];
  // A hook may throw any code of ours; only these are answers of a validation.
  if (!isFailureStatus(status)) return refusal({ bearer }, "internal_error", credentials);
  const headers = sessionHeaders(bearer.header);
  if (status === 401 && credentials !== null) addChallenge(headers, bearer.schemes, credentials);
  const response = (): Response => errorResponse(code, new Headers(headers), message);
  return { ok: false, code, status, headers, response };
}

/** RFC 6750 section 3: a bearer client that is refused learns how to come back; a browser is never asked. */
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
  return FAILURES.has(status);
}

/** Maps what was thrown to a code, and tells of what should not have been. */
export function codeOf(app: App, error: unknown): ErrorCode {
  const code = error instanceof AuthError ? error.code : "internal_error";
  if (code === "internal_error") app.engine.emit({ type: "internal_error", error: faultName(error) });
  return code;
}

/** Answers what was thrown: an error of ours in its own words, any other as `internal_error`. */
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
