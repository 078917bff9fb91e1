/** Every code of a response, a result or an `AuthError`. The text of each says what happened, and what to do. */
export type ErrorCode =
  /**
   * The body, the query or a header is not what the route takes; `message` says which part. Correct the request. Sending it
   * again does not help.
   */
  | "invalid_request"
  /**
   * The identifier or the password is wrong, or the user is disabled. Ask for both again, and do not say which of them is
   * wrong.
   */
  | "invalid_credentials"
  /** The request has no session that counts. Show the sign-in page. */
  | "unauthenticated"
  /**
   * The session has reached its lifetime. Show the sign-in page. With `refresh: "never"`, a later request that can refresh may
   * still succeed.
   */
  | "session_expired"
  /** The session was ended: by a sign-out on another device, a new password, or the application. Show the sign-in page. */
  | "session_revoked"
  /** The refresh token is no token of this server, or its session is gone. Delete it and show the sign-in page. */
  | "refresh_token_invalid"
  /**
   * An old refresh token was presented after the client had proved a newer one. Two parties hold the session, so it was ended.
   * Delete the tokens, show the sign-in page, and consider a notice to the user.
   */
  | "refresh_token_reused"
  /**
   * A token of the cookie transport came as a bearer token, or the other way round. Send each token as it was issued. See
   * `restrictTransport`.
   */
  | "transport_mismatch"
  /**
   * The sign-in is older than the action allows, or used another method (RFC 9470). Ask for the password by `POST
   * /reauthenticate`, or sign the user in again, and repeat the request.
   */
  | "insufficient_user_authentication"
  /** An unsafe request came from a page of another origin. Add the origin to `trustedOrigins` if it is yours. */
  | "csrf_rejected"
  /**
   * The user may not do this: sign-up is closed, a hook or `when` refused, or the user is disabled. Another sign-in of the same
   * user does not help.
   */
  | "forbidden"
  /** The path is no route, the object does not exist, or the option that turns the route on is not set. */
  | "not_found"
  /** The path is a route, for the methods in the header `Allow`. */
  | "method_not_allowed"
  /** Another user has the address or the username. Offer a sign-in or a reset of the password. */
  | "identifier_taken"
  /** The body has more than 16,384 bytes. Send a smaller one. */
  | "payload_too_large"
  /** Send the body as `application/json` or as a form, with the right `Content-Type`. */
  | "unsupported_media_type"
  /**
   * The new password is too short, too common, or known from a data breach; `message` says which. Ask for another one. A token
   * of a message stays valid.
   */
  | "weak_password"
  /** The link or the code is used, expired, or replaced by a newer one. Offer to send another message. */
  | "mail_token_invalid"
  /**
   * `redirect_to` is neither a path of the application nor of an origin in `trustedOrigins`. Correct the link, or add the
   * origin.
   */
  | "redirect_not_allowed"
  /** The user cancelled at the provider. Show the sign-in page. */
  | "oauth_denied"
  /**
   * The sign-in with a provider took longer than 10 minutes, was finished before, or began in another browser. Start it again.
   */
  | "oauth_state_invalid"
  /**
   * The provider did not do its part. Start again; if that fails too, read the event `oauth.failed`, whose `diagnosis` says
   * what to check.
   */
  | "oauth_failed"
  /**
   * The address of the account belongs to a user who has not linked it. Ask the user to sign in as before, and then to link the
   * account.
   */
  | "account_not_linked"
  /**
   * Too many attempts. Wait for the seconds in the header `Retry-After` (`retryAfter` of an `AuthError`), and then try again.
   * See `rateLimit`.
   */
  | "rate_limited"
  /**
   * The database failed or took longer than `storeTimeout`. The session is unchanged: keep the tokens and try again after a few
   * seconds. `onError` has the error.
   */
  | "store_unavailable"
  /**
   * A callback of the application failed, or an option is missing. `onError` has the error with its cause. The same request
   * fails again until it is mended.
   */
  | "internal_error";

/** The HTTP status of each code. */
export const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  invalid_credentials: 401,
  unauthenticated: 401,
  session_expired: 401,
  session_revoked: 401,
  refresh_token_invalid: 401,
  refresh_token_reused: 401,
  transport_mismatch: 401,
  // RFC 9470 section 3.
  insufficient_user_authentication: 401,
  csrf_rejected: 403,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  identifier_taken: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  weak_password: 422,
  mail_token_invalid: 400,
  redirect_not_allowed: 400,
  oauth_denied: 400,
  oauth_state_invalid: 400,
  oauth_failed: 400,
  account_not_linked: 409,
  rate_limited: 429,
  store_unavailable: 503,
  internal_error: 500,
};

/** One sentence for each code, safe to show to any user. */
export const messages: Readonly<Record<ErrorCode, string>> = {
  invalid_request: "The request is malformed.",
  invalid_credentials: "The identifier or the password is wrong.",
  unauthenticated: "Sign in first.",
  session_expired: "The session has expired; sign in again.",
  session_revoked: "The session was ended; sign in again.",
  refresh_token_invalid: "The refresh token is not valid.",
  refresh_token_reused: "An old refresh token was presented, so its session was ended; sign in again.",
  transport_mismatch: "The token was issued for another transport.",
  insufficient_user_authentication: "Sign in again to do that.",
  forbidden: "This session may not do that.",
  csrf_rejected: "The request comes from an origin that is not trusted.",
  not_found: "Not found.",
  method_not_allowed: "The method is not allowed here.",
  identifier_taken: "An account with this identifier exists already.",
  payload_too_large: "The request body is too large.",
  unsupported_media_type: "The content type is not supported.",
  weak_password: "The password is too weak.",
  mail_token_invalid:
    "The link or code has expired, was used, or was replaced by a newer one; ask for another.",
  redirect_not_allowed: "The redirect target is not allowed.",
  oauth_denied: "The sign-in was cancelled at the provider.",
  oauth_state_invalid:
    "The sign-in took too long, was finished before, or began in another browser; start again.",
  oauth_failed: "The sign-in with the provider failed; start again.",
  account_not_linked: "This account is not linked; sign in the way you did before, and link it there.",
  rate_limited: "Too many attempts; try again later.",
  store_unavailable: "The store does not answer; try again in a moment.",
  internal_error: "Something went wrong on the server.",
};

/**
 * The one error that Latchkey throws for expected faults. Its message never holds a secret or input of a request.
 */
export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly code: ErrorCode;
  /** The seconds until the next allowed attempt, for `rate_limited`. */
  readonly retryAfter: number | null;
  /** What failed, such as `sessions.rotate` or `hooks.signedIn`; null if that is not known. Like `cause`, it is not enumerable. */
  declare readonly operation: string | null;
  /** Facts for the operator, such as the kind of a provider's fault; null without any. Not enumerable, and never in an answer. */
  declare readonly details: ErrorDetails | null;

  constructor(
    code: ErrorCode,
    message: string = messages[code],
    retryAfter: number | null = null,
    origin: ErrorOrigin = {},
  ) {
    super(message, origin);
    this.code = code;
    this.retryAfter = retryAfter;
    Object.defineProperty(this, "operation", { value: origin.operation ?? null });
    Object.defineProperty(this, "details", { value: origin.details ?? null });
  }
}

export type ErrorDetails = Readonly<Record<string, string>>;

/** Where an error comes from. */
export interface ErrorOrigin {
  readonly operation?: string;
  readonly details?: ErrorDetails | null;
  /** What a callback or a driver threw. */
  readonly cause?: unknown;
}

/** Describes an error without secrets: the message of an `AuthError`, and only the name of any other error. */
export function faultName(error: unknown): string {
  if (isWrapped(error)) return faultName(error.cause);
  if (error instanceof AuthError) return error.message;
  return error instanceof Error ? error.name : "unknown";
}

function isWrapped(error: unknown): error is AuthError {
  return error instanceof AuthError && error.message === messages.internal_error && "cause" in error;
}

/** Whether the server is at fault, or the cause is known that made a provider fail. */
export function isFault(error: AuthError): boolean {
  return statuses[error.code] >= 500 || (error.code === "oauth_failed" && "cause" in error);
}

/** Turns what a callback or a store threw into an error that keeps it as its cause. A refusal stays as it is. */
export function asFault(operation: string, error: unknown): AuthError {
  if (!(error instanceof AuthError))
    return new AuthError("internal_error", undefined, null, { operation, cause: error });
  if (!isFault(error) || error.operation !== null) return error;
  // The error of a failed provider is ours, and its cause is the original.
  const cause = error.code === "oauth_failed" ? error.cause : error;
  return new AuthError(error.code, error.message, error.retryAfter, {
    operation,
    cause,
    details: error.details,
  });
}

/** Makes the handler of a fault that does not fail the request. It reports the fault, and returns null. */
export function reportQuietly(report: (error: unknown) => void): (error: unknown) => null {
  return (error) => {
    report(error);
    return null;
  };
}
