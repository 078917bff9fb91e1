import type { App } from "../../accounts/app.ts";
import { writeChanges } from "../../cookies/cookie.ts";
import { now } from "../../platform/env.ts";
import { AuthError } from "../../platform/errors.ts";
import { isLive } from "../../sessions/decide.ts";
import { endSession } from "../../sessions/end.ts";
import { isSessionId } from "../../sessions/refresh-token.ts";
import type { SessionRow } from "../../sessions/session.ts";
import { type Credentials, pathSegment } from "../request.ts";
import { clearSessionCookies, FINAL_CODES, failRequest, headersOf, json, respondJson } from "../response.ts";
import type { Call, Route } from "../route.ts";
import { findEnabledUser, requireUser } from "../session-user.ts";
import { whenSignedIn } from "../validate.ts";
import type { InvalidSession } from "../validation.ts";

/**
 * `GET /sessions`: lists the live sessions of the user.
 *
 * Body: none.
 *
 * Answer: 200 `{ sessions }`, each `{ id, current, device, context, createdAt, refreshedAt, expiresAt }`. Errors:
 * `unauthenticated`.
 */
export const sessions: Route = {
  method: "GET",
  path: "/sessions",
  handle: (app, call) =>
    whenSignedIn(app, call, async ({ valid, changes }) => {
      const rows = await app.engine.store.list(valid.userId, now(app.env));
      return respondJson(
        app,
        { sessions: rows.map((row) => describeSession(row, valid.session.id)) },
        200,
        changes,
      );
    }),
};

/**
 * `DELETE /sessions/:id`: ends one of the user's own sessions. A session of another user is not found.
 *
 * Body: none.
 *
 * Answer: 204. Errors: `unauthenticated`, `not_found`.
 */
export const revokeSession: Route = {
  method: "DELETE",
  path: "/sessions/:id",
  handle: (app, call) =>
    whenSignedIn(app, call, async ({ valid, changes }) => {
      const id = pathSegment(call.request.url, 1);
      const found = isSessionId(id) ? await app.engine.store.get(id, now(app.env)) : null;
      if (found === null || found.row.userId !== valid.userId || !isLive(found.row, found.now)) {
        throw new AuthError("not_found");
      }
      await endSession(app.engine, id, "revoked");
      const own = id === valid.session.id && valid.transport === "cookie";
      const how = { keepAccessToken: app.config.keepAccessToken, now: now(app.env) };
      const cleared = own ? clearSessionCookies(call.site, call.credentials, how) : [];
      return new Response(null, { status: 204, headers: headersOf(app, [...changes, ...cleared]) });
    }),
};

/**
 * `GET /me`: the user in the form of `user.serialize`.
 *
 * Body: none.
 *
 * Answer: 200, the user in the form of `user.serialize`. Errors: `unauthenticated`.
 */
export const me: Route = {
  method: "GET",
  path: "/me",
  handle: (app, call) =>
    whenSignedIn(app, call, async ({ valid, changes }) =>
      respondJson(app, app.serialize(await requireUser(app, valid.userId)), 200, changes),
    ),
};

/**
 * `GET /session`: the session, its user, and the remaining lifetime of the access token. For a browser without a session it
 * answers 200 with nulls, because browsers write each 401 into their consoles.
 *
 * Body: none.
 *
 * Answer: 200 `{ expires_in, session, user }`; `{ session: null, user: null }` for a browser without a session, and `error` beside them
 * if the session has ended: the code that `POST /refresh` would answer. Errors: `unauthenticated` for a bearer token that is not valid.
 */
export const session: Route = {
  method: "GET",
  path: "/session",
  handle: (app, call) =>
    whenSignedIn(
      app,
      call,
      async ({ valid, changes }) => {
        const found = await findEnabledUser(app, valid.userId);
        if (found === null) {
          const refused = failRequest(app, "unauthenticated", call.credentials).validation;
          writeChanges(refused.headers, changes);
          return answerRefused(app, call, refused);
        }
        const expiresIn = valid.claims.exp - now(app.env);
        const user = app.serialize(found);
        return respondJson(app, { expires_in: expiresIn, session: valid.session, user }, 200, changes);
      },
      (refused) => answerRefused(app, call, refused),
    ),
};

function answerRefused(app: App, call: Call, refused: InvalidSession): Response {
  const answer = decideAnonymousAnswer(call.request.method, call.credentials.presented, refused);
  if (answer === "refuse") return refused.response();
  const { headers } = refused;
  headers.delete("www-authenticate");
  if (answer === "clear") {
    const how = { keepAccessToken: false, now: now(app.env) };
    writeChanges(headers, clearSessionCookies(call.site, call.credentials, how));
  }
  // Later answers cannot tell why, because the cookies are gone.
  return json(
    { session: null, user: null, ...(answer === "clear" && { error: refused.code }) },
    200,
    headers,
  );
}

/**
 * Decides what `GET /session` answers to a request without a session: the error, nulls, or nulls with deleted cookies.
 *
 * RFC 6750 3.1: a bearer token that is not valid stays a 401, because its sender has to replace it. The cookies are
 * deleted only if no access token came along, for the same requests as `POST /refresh` deletes them for: an access token may
 * be of another session than the refresh token. HEAD reads the refresh token without rotation, so its code is not final.
 */
export function decideAnonymousAnswer(
  method: string,
  { transport, access, refresh }: Credentials["presented"],
  { code, status }: Pick<InvalidSession, "code" | "status">,
): "refuse" | "anonymous" | "clear" {
  if (status !== 401 || transport !== "cookie") return "refuse";
  const isOver = method === "GET" && access.length === 0 && refresh.length > 0 && FINAL_CODES.has(code);
  return isOver ? "clear" : "anonymous";
}

function describeSession(row: SessionRow, currentId: string): object {
  const { id, device, context, createdAt, refreshedAt, expiresAt } = row;
  return { id, current: id === currentId, device, context, createdAt, refreshedAt, expiresAt };
}
