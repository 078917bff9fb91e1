import { now } from "../../platform/env.ts";
import { AuthError } from "../../platform/errors.ts";
import type { Seconds } from "../../platform/time.ts";
import { CURSOR, publishedPage } from "../../sessions/published-ends.ts";
import { respondPublicly } from "../public-response.ts";
import type { Handle } from "../route.ts";

/** Caches may keep a page for this long. A validator learns of an end that much later. */
const MAX_AGE: Seconds = 2;
const PAGE = 500;

/**
 * `GET /ended?after=cursor`: the sessions that ended after a cursor, or recently without one, for validators without a store.
 * It names them by digests, and needs no secret.
 *
 * Body: none. Query: `after`, the cursor of the answer before.
 *
 * Answer: 200, a page of ended sessions, which caches may keep for 2 seconds. Errors: `invalid_request` for a cursor that is
 * none.
 */
export const ended: Handle = async (app, { request }) => {
  const [after = null, ...others] = new URL(request.url).searchParams.getAll("after");
  if (others.length > 0 || (after !== null && !CURSOR.test(after))) {
    throw new AuthError("invalid_request", "after is the cursor of the last answer.");
  }
  const page = await app.engine.store.endedSince(after, PAGE, now(app.env));
  const body = JSON.stringify(publishedPage(page));
  return respondPublicly(request, body, { type: "application/json", maxAge: MAX_AGE });
};
