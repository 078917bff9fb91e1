import { checkCredentials, createUser, deleteUser } from "../../accounts/accounts.ts";
import type { App } from "../../accounts/app.ts";
import { AuthError, reportQuietly } from "../../platform/errors.ts";
import { bucketOf, networkBuckets, signInBuckets } from "../../throttle/throttle.ts";
import type { User } from "../../users/user.ts";
import { readDeviceOf } from "../device-cookie.ts";
import { countAttempt, countFailure, giveBackAttempt } from "../limit.ts";
import type { Call, Route } from "../route.ts";
import { type PasswordInput, readPasswordInput, signInByPassword } from "../sign-in.ts";

/** `POST /login`: checks an identifier and a password, and starts a session. */
export const login: Route = {
  method: "POST",
  path: "/login",
  async handle(app, call) {
    const { identifier, password, transport } = await readPasswordInput(app, call.request);
    const found = await app.users.find(identifier);
    const buckets = signInBuckets({
      account: JSON.stringify(identifier),
      device: await readDeviceOf(app, call, found),
      networks: call.client.networks,
    });
    const user = await countFailure(app, buckets, () => checkCredentials(app, found, password));
    if (user === null) throw new AuthError("invalid_credentials");
    return signInByPassword(app, call, user, { transport, status: 200 });
  },
};

/** `POST /signup`: creates a user with a password, and signs them in. */
export const signup: Route = {
  method: "POST",
  path: "/signup",
  async handle(app, call) {
    const input = await readPasswordInput(app, call.request);
    const user = await createLimited(app, call, input);
    try {
      return await signInByPassword(app, call, user, { transport: input.transport, status: 201 });
    } catch (error) {
      // A failed sign-up must not leave an account behind.
      await deleteUser(app, user.id).catch(reportQuietly(app.engine.report));
      throw error;
    }
  },
};

// A password that is refused does not count against the mailbox: its owner may need several tries.
async function createLimited(
  app: App,
  { client }: Call,
  { identifier, password }: PasswordInput,
): Promise<User> {
  const mailbox = bucketOf("mailbox", JSON.stringify(identifier));
  await countAttempt(app, [...networkBuckets("signUp", client.networks()), mailbox]);
  try {
    return await createUser(app, { ...identifier, password });
  } catch (error) {
    const isTaken = error instanceof AuthError && error.code === "identifier_taken";
    if (!isTaken) await giveBackAttempt(app, [mailbox]);
    throw error;
  }
}
