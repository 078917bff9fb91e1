import { type ErrorCode, messages, statuses } from "../errors.ts";

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
