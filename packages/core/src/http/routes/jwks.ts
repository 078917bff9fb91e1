import { JWKS_MAX_AGE } from "../../keys/key-ring.ts";
import { labelledHash } from "../../platform/digest.ts";
import { toBase64url, utf8 } from "../../platform/encoding.ts";
import type { Route } from "../route.ts";

/** `GET /jwks`: the public keys (RFC 7517), the only response that a shared cache may store. */
export const jwks: Route = {
  method: "GET",
  path: ["/jwks", "/.well-known/jwks.json"],
  async handle(app, { request }) {
    const body = JSON.stringify(await app.engine.keys.jwks());
    const etag = `"${toBase64url(labelledHash("etag", utf8(body)).subarray(0, 12))}"`;
    const headers = new Headers({
      "content-type": "application/jwk-set+json",
      "cache-control": `public, max-age=${JWKS_MAX_AGE}`,
      "x-content-type-options": "nosniff",
      etag,
    });
    const known =
      request.headers
        .get("if-none-match")
        ?.split(",")
        .some((tag) => tag.trim() === etag) ?? false;
    return known ? new Response(null, { status: 304, headers }) : new Response(body, { headers });
  },
};
