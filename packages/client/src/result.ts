/** Every code that a Latchkey server answers with. */
export const serverCodes = [
  "invalid_request",
  "invalid_credentials",
  "unauthenticated",
  "session_expired",
  "session_revoked",
  "refresh_token_invalid",
  "refresh_token_reused",
  "transport_mismatch",
  "csrf_rejected",
  "forbidden",
  "not_found",
  "method_not_allowed",
  "identifier_taken",
  "payload_too_large",
  "unsupported_media_type",
  "weak_password",
  "redirect_not_allowed",
  "oauth_denied",
  "oauth_state_invalid",
  "oauth_failed",
  "account_not_linked",
  "rate_limited",
  "store_unavailable",
  "internal_error",
] as const;

export type ServerCode = (typeof serverCodes)[number];

/** Why something failed, and what a page can show. */
export interface ClientError {
  /**
   * The server's code, or one of the client's own: `network_error` where no answer came, `invalid_response` where it was
   * none of Latchkey's, `storage_failed` where the storage of tokens threw.
   */
  readonly code: ServerCode | "network_error" | "invalid_response" | "storage_failed";
  /** A sentence for people, in English. */
  readonly message: string;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
}

export type Result<T> = { readonly ok: true; readonly data: T } | Failure;

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

/**
 * Whether there is no session any more. Nothing else says so: not a server that is down, nor a network that is gone, nor
 * somebody in between who wants a password of their own.
 */
export function isFinal({ code, status }: ClientError): boolean {
  return status === 401 && code !== "invalid_response";
}

/** Reads an answer in JSON. An answer without a body is null. */
export async function readResult(response: Response): Promise<Result<unknown>> {
  const { status } = response;
  if (status === 204) return success(null);
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return success(body);
  const code = serverCodes.find((known) => isRecord(body) && body.error === known);
  if (code === undefined || !isRecord(body) || typeof body.message !== "string")
    return invalidResponse(status);
  return failure(code, body.message, status);
}

export function invalidResponse(status: number): Failure {
  return failure("invalid_response", "The answer is not one of Latchkey's.", status);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
