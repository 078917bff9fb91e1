import { now } from "../../platform/env.ts";
import { answer, type Route } from "../route.ts";
import { userOf, whenSignedIn } from "../validate.ts";

/** `GET /me`: the user, as `user.serialize` shows them. */
export const me: Route = {
  method: "GET",
  path: "/me",
  handle: (app, call) =>
    whenSignedIn(app, call, async ({ valid, changes }) =>
      answer(app, app.serialize(await userOf(app, valid.userId)), 200, changes),
    ),
};

/** `GET /session`: the session, its user, and how long the access token is good for. */
export const session: Route = {
  method: "GET",
  path: "/session",
  handle: (app, call) =>
    whenSignedIn(app, call, async ({ valid, changes }) => {
      const user = app.serialize(await userOf(app, valid.userId));
      const expiresIn = valid.claims.exp - now(app.env);
      return answer(app, { expires_in: expiresIn, session: valid.session, user }, 200, changes);
    }),
};
