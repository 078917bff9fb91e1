import type { InvalidSession } from "../app/validation.ts";
import { type ErrorCode, messages, statuses } from "../errors.ts";
import type { CredentialOptions, Credentials } from "./credentials.ts";
import { challenge, errorResponse, sessionHeaders } from "./respond.ts";

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
