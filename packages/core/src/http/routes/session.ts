import { now } from "../../env.ts";
import { answer, type Route } from "../route.ts";
import { userOf, whenSignedIn } from "../signed-in.ts";

/** `GET /session`: the session, its user, and how long the access token is good for. */
export const session: Route = (app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) => {
    const user = app.serialize(await userOf(app, valid.userId));
    const expiresIn = valid.claims.exp - now(app.config.env);
    return answer(app, { expires_in: expiresIn, session: valid.session, user }, 200, changes);
  });
