import { labelledHash } from "../platform/digest.ts";
import { toBase64url, utf8 } from "../platform/encoding.ts";
import type { Seconds } from "../platform/time.ts";

/** Makes a response for every visitor, with an ETag (RFC 9110 13.1.2). Shared caches may store it. */
export function respondPublicly(
  request: Request,
  body: string,
  { type, maxAge }: { readonly type: string; readonly maxAge: Seconds },
): Response {
  const etag = `"${toBase64url(labelledHash("etag", utf8(body)).subarray(0, 12))}"`;
  const headers = new Headers({
    "content-type": type,
    "cache-control": `public, max-age=${maxAge}`,
    "x-content-type-options": "nosniff",
    etag,
  });
  const known = request.headers.get("if-none-match")?.split(",") ?? [];
  const isKnown = known.some((tag) => tag.trim() === etag);
  return isKnown ? new Response(null, { status: 304, headers }) : new Response(body, { headers });
}
