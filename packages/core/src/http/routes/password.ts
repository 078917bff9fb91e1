import type { App } from "../../accounts/app.ts";
import { checkCredentials } from "../../accounts/credentials.ts";
import { maySignIn } from "../../password/provider.ts";
import { inNextTurn } from "../../platform/env.ts";
import { AuthError, reportQuietly } from "../../platform/errors.ts";
import { signInBuckets } from "../../throttle/throttle.ts";
import type { User } from "../../users/user.ts";
import { readDeviceOf } from "../device-cookie.ts";
import { countFailure } from "../limit.ts";
import type { Call, Route } from "../route.ts";
import { accountKey, readPasswordInput, signInByPassword } from "../sign-in.ts";

/**
 * `POST /login`: checks an identifier and a password, and starts a session.
 *
 * Body: `{ email, password, transport?, remember? }`, or `username` or `identifier` in place of `email`, as `password({
 * identifier })` says.
 *
 * Answer: 200, that of a sign-in. Errors: `invalid_credentials`, `rate_limited`.
 */
export const login: Route = {
  method: "POST",
  path: "/login",
  async handle(app, call) {
    const { identifier, password, kind } = await readPasswordInput(app, call.request);
    const found = await app.users.find(identifier);
    const buckets = signInBuckets({
      account: accountKey(app, found, identifier),
      device: await readDeviceOf(app, call, found),
      networks: call.client.networks,
    });
    const user = await countFailure(app, buckets, () => checkSignIn(app, call, found, password));
    if (user === null) throw new AuthError("invalid_credentials");
    return signInByPassword(app, call, user, kind);
  },
};

/** Returns the user if the password is right and they may sign in with it, else null. */
async function checkSignIn(app: App, call: Call, found: User | null, password: string): Promise<User | null> {
  const user = await checkCredentials(app, found, password);
  if (user === null || app.password === null || maySignIn(app.password, user)) return user;
  return refuseUnproven(app, call, user);
}

// The answer is that of a wrong password. The message is made after it, so that it takes no longer either.
function refuseUnproven(app: App, call: Call, user: User): null {
  const { id: userId, email } = user;
  app.engine.emit({ type: "sign_in.failed", userId, code: "invalid_credentials" });
  if (email === null) return null;
  const sent = inNextTurn(async () => {
    const { remindToVerify } = await import("./rare.ts");
    await remindToVerify(app, call, { email, user });
  }).catch(reportQuietly(app.engine.report));
  call.client.waitUntil?.(sent);
  return null;
}
