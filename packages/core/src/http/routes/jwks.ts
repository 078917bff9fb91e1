import { JWKS_MAX_AGE } from "../../keys/key-ring.ts";
import { respondPublicly } from "../public-response.ts";
import type { Route } from "../route.ts";

/**
 * `GET /jwks`: the public keys (RFC 7517). Shared caches may store the response.
 *
 * Body: none.
 *
 * Answer: 200, a JSON Web Key Set, which caches may keep for 5 minutes.
 */
export const jwks: Route = {
  method: "GET",
  path: ["/jwks", "/.well-known/jwks.json"],
  async handle(app, { request }) {
    const body = JSON.stringify(await app.engine.keys.jwks());
    return respondPublicly(request, body, { type: "application/jwk-set+json", maxAge: JWKS_MAX_AGE });
  },
};
