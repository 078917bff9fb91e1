import type { App } from "../../accounts/app.ts";
import { type NativeGrant, redeemCode } from "../../accounts/native-code.ts";
import { keepTokens, spendInvitation, undoSignIn } from "../../accounts/oauth-identity.ts";
import { AuthError, reportQuietly } from "../../platform/errors.ts";
import { networkBuckets } from "../../throttle/throttle.ts";
import type { User } from "../../users/user.ts";
import { recordOf } from "../flow.ts";
import { countAttempt } from "../limit.ts";
import { readBody, stringMember } from "../request.ts";
import type { Call, Handle } from "../route.ts";
import { signInAndRespond } from "../sign-in.ts";

/**
 * `POST /oauth/exchange`: gives a native app the tokens of a sign-in in the browser (RFC 7636 4.5).
 *
 * Body: `{ code, code_verifier }`.
 *
 * Answer: 200, that of a sign-in with `"transport": "bearer"`. Errors: `oauth_state_invalid`, `forbidden`, `rate_limited`.
 */
export const oauthExchange: Handle = async (app, call) => {
  await countAttempt(app, networkBuckets("signIn", call.client.networks()));
  const body = await readBody(call.request, false);
  const code = body === null ? undefined : stringMember(body, "code");
  const codeVerifier = body === null ? undefined : stringMember(body, "code_verifier");
  if (code === undefined || codeVerifier === undefined) {
    throw new AuthError("invalid_request", "The body needs code and code_verifier.");
  }
  const grant = await redeemCode(app, code, codeVerifier);
  const { userId, credentialsVersion, created, account } = grant;
  const user = await app.users.get(userId);
  if (user === null || user.credentialsVersion !== credentialsVersion) {
    throw new AuthError("oauth_state_invalid");
  }
  const answer = await exchange(app, call, user, grant);
  await spendInvitation(app, userId, { created, account }, grant.invitation);
  return answer;
};

async function exchange(
  app: App,
  call: Call,
  user: User,
  { created, account }: NativeGrant,
): Promise<Response> {
  const kind = { transport: "bearer", remember: true } as const;
  const how = { ...kind, amr: ["fed"], replaces: [], succeeds: null, account } as const;
  const isNewUser = created === "user";
  try {
    const record = recordOf(app, user, account);
    const rest = { record, isNewUser, refusal: "forbidden", status: 200 } as const;
    const answer = await signInAndRespond(app, call, user, { ...how, ...rest });
    await keepTokens(app, account);
    return answer;
  } catch (error) {
    await undoSignIn(app, user.id, { created, account }).catch(reportQuietly(app.engine.report));
    throw error;
  }
}
