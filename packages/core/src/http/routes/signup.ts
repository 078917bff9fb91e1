import { createUser, deleteUser } from "../../accounts/accounts.ts";
import { limitClient } from "../limit.ts";
import type { Route } from "../route.ts";
import { readPasswordInput, signInByPassword } from "../sign-in.ts";

/** `POST /signup`: creates a user with a password, and signs them in. */
export const signup: Route = {
  method: "POST",
  path: "/signup",
  async handle(app, call) {
    await limitClient(app, "signUp", call.request);
    const { identifier, password, transport } = await readPasswordInput(app, call.request);
    const user = await createUser(app, { ...identifier, password });
    try {
      return await signInByPassword(app, call, user, { transport, status: 201 });
    } catch (error) {
      // Nobody is left with an account that they were told they do not have.
      await deleteUser(app, user.id).catch(() => undefined);
      throw error;
    }
  },
};
