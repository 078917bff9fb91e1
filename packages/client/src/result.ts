/** Every error code of a Latchkey server. */
export const serverCodes = [
  "invalid_request",
  "invalid_credentials",
  "unauthenticated",
  "session_expired",
  "session_revoked",
  "refresh_token_invalid",
  "refresh_token_reused",
  "transport_mismatch",
  "insufficient_user_authentication",
  "csrf_rejected",
  "forbidden",
  "not_found",
  "method_not_allowed",
  "identifier_taken",
  "payload_too_large",
  "unsupported_media_type",
  "weak_password",
  "mail_token_invalid",
  "redirect_not_allowed",
  "oauth_denied",
  "oauth_state_invalid",
  "oauth_failed",
  "account_not_linked",
  "rate_limited",
  "store_unavailable",
  "internal_error",
] as const;

/** An error code that a server answers with. */
export type ServerCode = (typeof serverCodes)[number];

/** Why a call failed. */
export interface ClientError {
  /**
   * The code of the server, or one of the client: `network_error` if there was no answer, `invalid_response` if the answer
   * was not Latchkey's, `storage_failed` if the token storage threw.
   */
  readonly code: ServerCode | "network_error" | "invalid_response" | "storage_failed";
  /** An English sentence that a page can show. */
  readonly message: string;
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;
}

/** What a call resolves to: its data, or why it failed. */
export type Result<T> = { readonly ok: true; readonly data: T } | Failure;

/** The result of a call that failed. */
export interface Failure {
  readonly ok: false;
  readonly error: ClientError;
}

export function success<T>(data: T): Result<T> {
  return { ok: true, data };
}

export function failure(code: ClientError["code"], message: string, status = 0): Failure {
  return { ok: false, error: { code, message, status } };
}

const OTHER_REFUSALS: readonly ClientError["code"][] = [
  "invalid_response",
  "invalid_credentials",
  "insufficient_user_authentication",
];

/**
 * Whether Latchkey answered that there is no session. No other failure signs out: not a server or a network that is down,
 * not the 401 of a proxy, not a wrong password, and not a session whose sign-in is too old for the request.
 */
export function isUnauthenticated({ code, status }: ClientError): boolean {
  return status === 401 && !OTHER_REFUSALS.includes(code);
}

/** Reads an answer. The data of a 204 is null. */
export async function readResult(response: Response): Promise<Result<unknown>> {
  const { status } = response;
  if (status === 204) return success(null);
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return success(body);
  const { error, message } = isRecord(body) ? body : {};
  const code = knownCode(error);
  if (code === undefined || typeof message !== "string") return invalidResponse(status);
  return failure(code, message, status);
}

/**
 * The failure of a call that needs a session, if it is known without a 401 that there is none. `code` is what the server told
 * about a session that has ended.
 */
export function unauthenticated(code?: unknown): Failure {
  return failure(knownCode(code) ?? "unauthenticated", "Sign in first.", 401);
}

function knownCode(code: unknown): ServerCode | undefined {
  return serverCodes.find((known) => known === code);
}

export function invalidResponse(status: number): Failure {
  return failure("invalid_response", "The response is not from Latchkey.", status);
}

/** The message of the error is dropped: for an invalid header it contains the token. */
export function networkFailure(): Failure {
  return failure("network_error", "The server could not be reached.");
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
