import { applyValidation, type Validation, writeValidation } from "@latchkey/core";
import type { Context, Next } from "hono";

/** Runs the handlers, and gives their response the headers of the validation. */
export async function respond(c: Context, next: Next, validation: Validation): Promise<void> {
  const prepared = preparedHeaders(c);
  try {
    await next();
  } catch (thrown) {
    applyToErrorResponse(c, validation);
    throw asError(thrown);
  }
  if (prepared !== null && isWrittenInPlace(c.res, prepared, validation))
    writeValidation(prepared, validation);
  else applyToResponse(c, validation);
}

/**
 * The headers that Hono passes to the responses of `c.json`, `c.text` and so on, on `@hono/node-server`. A response of that server is
 * written without a body stream as long as it is not copied, and keeps the headers that it is made with. Null on other servers,
 * where each response has its own.
 */
function preparedHeaders(c: Context): Headers | null {
  const env: { readonly incoming?: unknown } | undefined = c.env;
  if (env?.incoming === undefined) return null;
  // This makes Hono prepare headers, and deletes none.
  c.header("latchkey", undefined);
  return c.newResponse(null).headers;
}

/**
 * A response with the prepared headers was made for this request. Any other one may be kept by the application and sent again, so it
 * is copied. Cookies are never written to a response that a handler could have kept.
 */
function isWrittenInPlace({ headers }: Response, prepared: Headers, validation: Validation): boolean {
  return headers === prepared && validation.headers.getSetCookie().length === 0;
}

function applyToResponse(c: Context, validation: Validation): void {
  const { finalized } = c;
  const response = applyValidation(c.res, validation);
  // Without this line Hono would copy the headers of the old response over those of the new one.
  c.res = undefined;
  c.res = response;
  // A handler that returned no response stays an error of Hono.
  c.finalized = finalized;
}

/** Hono copies the headers of this response, and of one that was there before, to the response of the error handler. */
function applyToErrorResponse(c: Context, validation: Validation): void {
  c.res = new Response(null, { status: 500 });
  applyToResponse(c, validation);
}

/** Hono calls its error handler only for an `Error`. */
function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error("A handler threw a value that is not an Error.", { cause: thrown });
}
