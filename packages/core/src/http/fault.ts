import type { App } from "../accounts/app.ts";
import { type CookieChange, writeChanges } from "../cookies/jar.ts";
import { AuthError, type ErrorCode, faultName, messages } from "../platform/errors.ts";
import { errorResponse, sessionHeaders } from "./response.ts";

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
