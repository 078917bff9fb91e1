import { AuthError } from "../../platform/errors.ts";
import { readBody, stringMember } from "../request.ts";
import type { Route } from "../route.ts";
import { requirePasswordOf, requirePossible, signInInPlace } from "../sign-in.ts";
import { requireUser, whenSignedIn } from "../validate.ts";

/**
 * `POST /reauthenticate`: checks the password of the signed-in user, and starts a session in place of the current one. It has
 * the same context and transport, and the lifetimes of a sign-in.
 */
export const reauthenticate: Route = {
  method: "POST",
  path: "/reauthenticate",
  async handle(app, call) {
    const provider = app.password;
    if (provider === null) throw new AuthError("not_found");
    return whenSignedIn(app, call, async ({ valid }) => {
      const body = await readBody(call.request, true);
      const password = body === null ? undefined : stringMember(body, "password");
      if (password === undefined) throw new AuthError("invalid_request", "The body needs password.");
      requirePossible(provider, password);
      const user = await requireUser(app, valid.userId);
      return signInInPlace(app, call, await requirePasswordOf(app, call, user, password), valid);
    });
  },
};
