import { now } from "../../platform/env.ts";
import { AuthError } from "../../platform/errors.ts";
import { isLive } from "../../sessions/decide.ts";
import { endSession } from "../../sessions/end.ts";
import { isSessionId } from "../../sessions/refresh-token.ts";
import type { SessionRow } from "../../sessions/session.ts";
import { pathSegment } from "../request.ts";
import { clearSessionCookies, headersOf, respondJson } from "../response.ts";
import type { Route } from "../route.ts";
import { requireUser, whenSignedIn } from "../validate.ts";

/** `GET /sessions`: lists the live sessions of the user. */
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

/** `DELETE /sessions/:id`: ends one of the user's own sessions. A session of another user is not found. */
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

/** `GET /me`: the user in the form of `user.serialize`. */
export const me: Route = {
  method: "GET",
  path: "/me",
  handle: (app, call) =>
    whenSignedIn(app, call, async ({ valid, changes }) =>
      respondJson(app, app.serialize(await requireUser(app, valid.userId)), 200, changes),
    ),
};

/** `GET /session`: the session, its user, and the remaining lifetime of the access token. */
export const session: Route = {
  method: "GET",
  path: "/session",
  handle: (app, call) =>
    whenSignedIn(app, call, async ({ valid, changes }) => {
      const user = app.serialize(await requireUser(app, valid.userId));
      const expiresIn = valid.claims.exp - now(app.env);
      return respondJson(app, { expires_in: expiresIn, session: valid.session, user }, 200, changes);
    }),
};

function describeSession(row: SessionRow, currentId: string): object {
  const { id, device, context, createdAt, refreshedAt, expiresAt } = row;
  return { id, current: id === currentId, device, context, createdAt, refreshedAt, expiresAt };
}
