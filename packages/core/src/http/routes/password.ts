import { checkCredentials, createUser, deleteUser } from "../../accounts/accounts.ts";
import { AuthError, reportQuietly } from "../../platform/errors.ts";
import { limit, limitClient, releaseSignIn } from "../limit.ts";
import type { Route } from "../route.ts";
import { readPasswordInput, signInByPassword } from "../sign-in.ts";

/** `POST /login`: checks an identifier and a password, and starts a session. */
export const login: Route = {
  method: "POST",
  path: "/login",
  async handle(app, call) {
    await limitClient(app, "signIn", call.client);
    const { identifier, password, transport } = await readPasswordInput(app, call.request);
    // Counted before the check and given back after it, so that concurrent attempts cannot exceed the rule.
    const account = JSON.stringify(identifier);
    await limitClient(app, "account", call.client, account);
    await limit(app, "accountTotal", account);
    const user = await checkCredentials(app, identifier, password);
    if (user === null) throw new AuthError("invalid_credentials");
    await releaseSignIn(app, call.client, account);
    return signInByPassword(app, call, user, { transport, status: 200 });
  },
};

/** `POST /signup`: creates a user with a password, and signs them in. */
export const signup: Route = {
  method: "POST",
  path: "/signup",
  async handle(app, call) {
    await limitClient(app, "signUp", call.client);
    const { identifier, password, transport } = await readPasswordInput(app, call.request);
    const user = await createUser(app, { ...identifier, password });
    try {
      return await signInByPassword(app, call, user, { transport, status: 201 });
    } catch (error) {
      // A failed sign-up must not leave an account behind.
      await deleteUser(app, user.id).catch(reportQuietly(app.engine.report));
      throw error;
    }
  },
};
