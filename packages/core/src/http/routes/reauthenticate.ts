import type { App } from "../../accounts/app.ts";
import { checkCredentials } from "../../accounts/credentials.ts";
import { now } from "../../platform/env.ts";
import { AuthError } from "../../platform/errors.ts";
import { signInBuckets } from "../../throttle/throttle.ts";
import type { User } from "../../users/user.ts";
import { readDeviceOf } from "../device-cookie.ts";
import { countFailure } from "../limit.ts";
import { readBody, stringMember } from "../request.ts";
import type { Call, Handle } from "../route.ts";
import { requireUser } from "../session-user.ts";
import { accountKey, isRemembered, requirePossible, signInAndRespond } from "../sign-in.ts";
import { whenSignedIn } from "../validate.ts";
import type { ValidSession } from "../validation.ts";

/**
 * `POST /reauthenticate`: checks the password of the signed-in user, and starts a session in place of the current one. It has
 * the same context and transport, and the lifetimes of a sign-in.
 *
 * Body: `{ password }`.
 *
 * Answer: 200, that of a sign-in. Errors: `unauthenticated`, `invalid_credentials`, `rate_limited`; `not_found` without
 * `password()`.
 */
export const reauthenticate: Handle = async (app, call) => {
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
};

/**
 * Checks the password of a user, and counts a failure as one of a sign-in. Fails with `invalid_credentials`, also for a user
 * without a password, after the same work.
 */
export async function requirePasswordOf(app: App, call: Call, user: User, password: string): Promise<User> {
  const buckets = signInBuckets({
    account: accountKey(app, user),
    device: await readDeviceOf(app, call, user),
    networks: call.client.networks,
  });
  const checked = await countFailure(app, buckets, () => checkCredentials(app, user, password));
  if (checked === null) throw new AuthError("invalid_credentials");
  return checked;
}

/**
 * Starts a session in place of the one of the call, with its context and its transport, and responds as a sign-in does. No
 * session starts if that one has ended.
 */
async function signInInPlace(
  app: App,
  call: Call,
  user: User,
  { session: { id }, transport }: Pick<ValidSession, "session" | "transport">,
): Promise<Response> {
  const found = await app.engine.store.get(id, now(app.env));
  if (found === null) throw new AuthError("unauthenticated");
  // A hook may have changed the context of the validation, for this request alone.
  const { context } = found.row;
  return signInAndRespond(app, call, user, {
    transport,
    remember: isRemembered(call, id),
    amr: ["pwd"],
    replaces: [id],
    succeeds: id,
    account: null,
    isNewUser: false,
    context,
    refusal: "invalid_credentials",
    status: 200,
  });
}
