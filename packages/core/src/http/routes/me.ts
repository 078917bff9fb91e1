import { answer, type Route } from "../route.ts";
import { userOf, whenSignedIn } from "../signed-in.ts";

/** `GET /me`: the user, as `user.serialize` shows them. */
export const me: Route = (app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) =>
    answer(app, app.serialize(await userOf(app, valid.userId)), 200, changes),
  );
