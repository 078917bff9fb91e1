import { checkCredentials } from "../../app/accounts.ts";
import { AuthError } from "../../errors.ts";
import { clientOf, forgive, limit } from "../limit.ts";
import type { Route } from "../route.ts";
import { readPasswordInput, signInByPassword } from "../sign-in.ts";

/** `POST /login`: checks an identifier and a password, and starts a session. */
export const login: Route = async (app, call) => {
  const client = clientOf(app, call.request);
  await limit(app, "signIn", client);
  const { identifier, password, transport } = await readPasswordInput(app, call.request);
  // Counted before the check and forgiven after it, so that of many at once no more than the rule are checked.
  const account = JSON.stringify(identifier);
  await limit(app, "account", account, client);
  const user = await checkCredentials(app, identifier, password);
  if (user === null) throw new AuthError("invalid_credentials");
  await forgive(app, "account", account, client);
  return signInByPassword(app, call, user, { transport, status: 200 });
};
