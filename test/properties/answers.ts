import type { Validation } from "@latchkey/core";
import { expect } from "vitest";

/** The closed list of errors, with the one status of each. What says that the server is at fault is not on it. */
const STATUSES: ReadonlyMap<string, number> = new Map([
  ["invalid_request", 400],
  ["invalid_credentials", 401],
  ["unauthenticated", 401],
  ["session_expired", 401],
  ["session_revoked", 401],
  ["refresh_token_invalid", 401],
  ["refresh_token_reused", 401],
  ["transport_mismatch", 401],
  ["insufficient_user_authentication", 401],
  ["csrf_rejected", 403],
  ["not_found", 404],
  ["method_not_allowed", 405],
  ["identifier_taken", 409],
  ["payload_too_large", 413],
  ["unsupported_media_type", 415],
  ["weak_password", 422],
  ["mail_token_invalid", 400],
  ["rate_limited", 429],
]);
const GOOD: ReadonlySet<number> = new Set([200, 201, 204, 304]);

/** Asserts that an answer is on the list, in the one shape of errors, and kept by no cache. */
export async function expectAnswer(response: Response): Promise<void> {
  const text = await response.text();
  expect(response.headers.get("cache-control")).toMatch(/no-store|^public, max-age=(2|300)$/);
  if (GOOD.has(response.status)) return;
  expect([...STATUSES.values()]).toContain(response.status);
  // HEAD has the headers of an error, and no body.
  if (text === "") return;
  const body: unknown = JSON.parse(text);
  if (typeof body !== "object" || body === null) throw new Error("the error is no object");
  const { error, message } = { error: "", message: "", ...body };
  expect({ error, status: STATUSES.get(error) }).toEqual({ error, status: response.status });
  expect(Object.keys(body)).toEqual(["error", "message"]);
  expect(typeof message).toBe("string");
}

/** Asserts that a validation is on the list; returns whether it found a session. */
export function expectValidation(found: Validation<unknown>): boolean {
  if (found.ok) return true;
  expect({ code: found.code, status: STATUSES.get(found.code) }).toEqual({
    code: found.code,
    status: found.status,
  });
  expect([401, 403]).toContain(found.status);
  return false;
}
