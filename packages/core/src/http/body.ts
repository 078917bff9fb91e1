import { decodeUtf8, isRecord, parseJson, readAtMost } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";

/** The largest body that is read, in bytes. */
export const MAX_BODY = 16_384;

const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

export type Body = Readonly<Record<string, unknown>>;

/**
 * Reads a body of JSON, or of form fields if `forms` is true, into one record. Fails with `payload_too_large`,
 * `unsupported_media_type` or `invalid_request`. An absent or empty body of any type is null.
 */
export async function readBody(request: Request, forms: boolean): Promise<Body | null> {
  const type = request.headers.get("content-type") ?? "";
  const isForm = forms && FORM_TYPE.test(type);
  if (request.headers.has("content-encoding")) throw new AuthError("unsupported_media_type");
  const bytes = await readBytes(request);
  if (bytes.length === 0) return null;
  if (!isForm && !JSON_TYPE.test(type)) throw new AuthError("unsupported_media_type");
  const text = decodeUtf8(bytes);
  if (text === null || text.startsWith("\uFEFF")) throw new AuthError("invalid_request");
  const body = isForm ? parseForm(text) : parseJson(text);
  if (!isRecord(body)) throw new AuthError("invalid_request");
  return body;
}

async function readBytes(request: Request): Promise<Uint8Array> {
  if (request.bodyUsed || request.body?.locked) {
    throw new AuthError("invalid_request", "the body was already read");
  }
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY) {
    await request.body?.cancel().catch(() => undefined);
    throw new AuthError("payload_too_large");
  }
  if (request.body === null) return new Uint8Array();
  const bytes = await readAtMost(request.body, MAX_BODY).catch(() => {
    throw new AuthError("invalid_request", "the body ended before it was complete");
  });
  if (bytes === null) throw new AuthError("payload_too_large");
  return bytes;
}

function parseForm(text: string): Body | null {
  // URLSearchParams silently replaces invalid percent escapes and invalid UTF-8.
  try {
    for (const part of text.split(/[&=]/)) decodeURIComponent(part.replaceAll("+", " "));
  } catch {
    return null;
  }
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(fields, name)) return null;
    fields[name] = value;
  }
  return fields;
}

/** Reads a member that must be a well-formed string; undefined if it is absent. */
export function stringMember(body: Body, name: string): string | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "string" || !value.isWellFormed()) {
    throw new AuthError("invalid_request", `${name} must be a string of well-formed text`);
  }
  return value;
}
