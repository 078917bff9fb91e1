import type { App } from "../../accounts/app.ts";
import { now } from "../../platform/env.ts";
import { AuthError, type ErrorCode } from "../../platform/errors.ts";
import { type Failure, refreshPresented } from "../../sessions/authenticate.ts";
import { type RefreshResult, refreshSession } from "../../sessions/rotate.ts";
import { sessionOfRow } from "../../sessions/session.ts";
import { bucketOf } from "../../throttle/throttle.ts";
import { limitClientLocally, limitUnlessStoreDown } from "../limit.ts";
import { readBody, stringMember } from "../request.ts";
import {
  clearSessionCookies,
  cookiesOf,
  deleteFormerCookies,
  deleteRivalCookies,
  errorResponse,
  FINAL_CODES,
  headersOf,
  respondJson,
  tokenFields,
} from "../response.ts";
import type { Call, Route } from "../route.ts";

/**
 * `POST /refresh`: exchanges the refresh token of the cookie or of the body for new tokens.
 *
 * Body: none with cookies; `{ refresh_token }` without.
 *
 * Answer: 200 `{ expires_in, session }` and cookies, or `{ access_token, token_type, refresh_token?, expires_in, session }`.
 * Errors: `refresh_token_invalid`, `refresh_token_reused`, `session_expired`, `session_revoked`, `transport_mismatch`,
 * `unauthenticated`, `rate_limited`.
 */
export const refresh: Route = {
  method: "POST",
  path: "/refresh",
  async handle(app, call) {
    const body = await readBody(call.request, true);
    const token = body === null ? undefined : stringMember(body, "refresh_token");
    const { presented } = call.credentials;
    if (token === undefined)
      return presented.transport === "cookie" ? refreshByCookie(app, call) : refuseMissing();
    if (presented.refresh.length > 0) {
      throw new AuthError("invalid_request", "Send the refresh token as a cookie or in the body, not both.");
    }
    return refreshByBody(app, token, call);
  },
};

function refuseMissing(): never {
  throw new AuthError("unauthenticated");
}

async function refreshByBody(app: App, token: string, call: Call): Promise<Response> {
  const { device } = call.credentials.presented;
  const result = await refreshSession(app.engine, { token, transport: "bearer", device });
  await limitRefresh(app, call, result);
  if (!result.ok) throw new AuthError(result.code);
  return respondJson(app, { ...tokenFields(result.tokens), session: sessionOfRow(result.row) }, 200);
}

async function refreshByCookie(app: App, call: Call): Promise<Response> {
  const { site, credentials } = call;
  const { presented } = credentials;
  if (presented.refresh.length === 0) {
    // With refresh tokens enabled, an access cookie without a refresh cookie is useless. It is cleared.
    const isWorthless = presented.access.length > 0 && app.engine.settings.refresh !== null;
    return isWorthless ? refuseAndClear(app, call, "unauthenticated") : refuseMissing();
  }
  const result = await refreshPresented(app.engine, presented);
  await limitRefresh(app, call, result);
  if (result.ok) {
    const changes = [...deleteFormerCookies(site, credentials), ...cookiesOf(site, result.tokens)];
    const { expiresIn } = result.tokens;
    return respondJson(app, { expires_in: expiresIn, session: sessionOfRow(result.row) }, 200, changes);
  }
  if ("isConflict" in result) {
    const changes = deleteRivalCookies(site, credentials, now(app.env));
    return errorResponse(result.code, headersOf(app, changes));
  }
  if (FINAL_CODES.has(result.code)) return refuseAndClear(app, call, result.code);
  throw new AuthError(result.code);
}

// The lease limits refreshes that issue a refresh token, so only the others are counted, after the refresh. They count
// against a session only if they prove its family secret. Otherwise forged tokens could use up its attempts (RAT-01).
async function limitRefresh(app: App, { client }: Call, result: RefreshResult | Failure): Promise<void> {
  if (result.ok && result.outcome !== "access_only") return;
  const provenId = result.ok ? result.row.id : "provenId" in result ? result.provenId : null;
  if (provenId !== null) return limitUnlessStoreDown(app, bucketOf("refresh", provenId));
  await limitClientLocally(app, "unprovenRefresh", client);
}

function refuseAndClear(app: App, call: Call, code: ErrorCode): Response {
  const how = { keepAccessToken: false, now: now(app.env) };
  return errorResponse(code, headersOf(app, clearSessionCookies(call.site, call.credentials, how)));
}
