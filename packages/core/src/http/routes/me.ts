import { now } from "../../platform/env.ts";
import { type Route, respondJson } from "../route.ts";
import { requireUser, whenSignedIn } from "../validate.ts";

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
