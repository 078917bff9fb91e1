import { requireObject } from "../platform/callback-answer.ts";
import { isRecord, type JsonObject, parseJson, utf8 } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";
import type { StandardResult, StandardSchema } from "./options.ts";

/** In bytes of JSON: the context rides in every access token, and a token must fit a cookie (STO-20). */
const MAX_CONTEXT = 2_048;

/** Checks a context against the schema and brings it into the plain data that a store and a token can hold. */
export async function parseContext(
  schema: StandardSchema<unknown> | null,
  context: unknown,
): Promise<JsonObject> {
  const result: StandardResult<unknown> =
    schema === null ? { value: context } : await schema["~standard"].validate(context);
  if (result.issues !== undefined) {
    throw new AuthError("internal_error", "sessions.context: the schema refuses the context of a session");
  }
  requireObject("sessions.context.schema", result.value, "an object of data");
  const text: unknown = JSON.stringify(result.value);
  const fits = typeof text === "string" && utf8(text).length <= MAX_CONTEXT;
  const plain = fits ? parseJson(text) : undefined;
  if (!isRecord(plain)) {
    throw new AuthError(
      "internal_error",
      `sessions.context: a context is an object of at most ${MAX_CONTEXT} bytes of JSON`,
    );
  }
  return plain as JsonObject;
}
