import { checkCredentials } from "../../app/accounts.ts";
import { AuthError } from "../../errors.ts";
import type { Route } from "../route.ts";
import { readPasswordInput, signIn } from "../sign-in.ts";

/** `POST /login`: checks an identifier and a password, and starts a session. */
export const login: Route = async (app, call) => {
  const { identifier, password, transport } = await readPasswordInput(app, call.request);
  const user = await checkCredentials(app, identifier, password);
  if (user === null) throw new AuthError("invalid_credentials");
  return signIn(app, call, user, { transport, status: 200 });
};
