import { answer, type Route } from "../route.ts";
import { userOf, whenSignedIn } from "../signed-in.ts";

/** `GET /session`: the session and its user. */
export const session: Route = (app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) => {
    const user = app.serialize(await userOf(app, valid.userId));
    return answer(app, { session: valid.session, user }, 200, changes);
  });
