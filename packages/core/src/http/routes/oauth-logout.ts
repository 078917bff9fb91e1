import { receiveLogout } from "../../accounts/provider-logout.ts";
import { AuthError } from "../../platform/errors.ts";
import { networkBuckets } from "../../throttle/throttle.ts";
import { providerOf } from "../flow.ts";
import { countAttempt, giveBackAttempt } from "../limit.ts";
import { pathSegment, readBody, requiredString } from "../request.ts";
import { headersOf } from "../response.ts";
import type { Handle } from "../route.ts";

/**
 * `POST /oauth/:provider/backchannel-logout`: ends the sessions that a provider has ended, and answers without a body.
 *
 * Body: `logout_token`, which the provider sends in a form.
 *
 * Answer: 200 without a body. Errors: `invalid_request` for a token that is not right or was used before, `rate_limited`;
 * `not_found` without `backchannelLogout`.
 */
export const backchannelLogout: Handle = async (app, call) => {
  const connected = providerOf(app, pathSegment(call.request.url, 2));
  if (connected.connection.verifyLogout === undefined) throw new AuthError("not_found");
  // In this process: a forged token costs less than a call to the store. A right one is given back, because a busy provider
  // signs out many users.
  const local = { ...app, throttle: app.localThrottle };
  const buckets = networkBuckets("signIn", call.client.networks());
  await countAttempt(local, buckets);
  const logoutToken = requiredString(await readBody(call.request, true), "logout_token");
  await receiveLogout(app, connected, logoutToken, () => giveBackAttempt(local, buckets));
  return new Response(null, { headers: headersOf(app, []) });
};
