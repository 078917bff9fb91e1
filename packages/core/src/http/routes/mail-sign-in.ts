import { requireNormal } from "../../accounts/accounts.ts";
import type { App } from "../../accounts/app.ts";
import {
  type AdmittedUser,
  sendCode as mailCode,
  sendLink as mailLink,
  type OwnerCheck,
  redeemCode,
  redeemLink,
} from "../../accounts/mail-sign-in.ts";
import { undoSignUp } from "../../accounts/sign-up.ts";
import { AuthError, reportQuietly } from "../../platform/errors.ts";
import { readDeviceOf, sendsDevice } from "../device-cookie.ts";
import { countInvalidToken, readMailRequest } from "../mail-request.ts";
import { readBody, requiredString } from "../request.ts";
import { respondJson } from "../response.ts";
import type { Call, Handle } from "../route.ts";
import { kindOfSession, type SignIn, signInAndRespond } from "../sign-in.ts";
import { isSignedInAs } from "../validate.ts";

/**
 * `POST /link`: sends a link to sign in. The answer is the same for every address.
 *
 * Body: `{ email }`.
 *
 * Answer: 200 `{}`, the same for every address. Errors: `rate_limited`; `not_found` without `magicLink()`.
 */
export const sendLink: Handle = async (app, call) => {
  if (app.magicLink === null) throw new AuthError("not_found");
  await mailLink(app, await readMailRequest(app, call, "link"));
  return respondJson(app, {}, 200);
};

/**
 * `POST /link/confirm`: signs in with the token of a link.
 *
 * Body: `{ token, transport?, remember? }`.
 *
 * Answer: 200, that of a sign-in. Errors: `mail_token_invalid`, `forbidden`, `rate_limited`.
 */
export const confirmLink: Handle = async (app, call) => {
  if (app.magicLink === null) throw new AuthError("not_found");
  const body = (await readBody(call.request, true)) ?? {};
  const token = requiredString(body, "token");
  const how = { ...kindOfSession(body), amr: ["link"] } as const;
  const isOwner = ownerCheck(app, call);
  const admitted = await countInvalidToken(app, call, () => redeemLink(app, token, isOwner));
  return signInByMail(app, call, admitted, how);
};

/**
 * `POST /code`: sends a code to sign in. The answer is the same for every address.
 *
 * Body: `{ email }`.
 *
 * Answer: 200 `{}`, the same for every address. Errors: `rate_limited`; `not_found` without `emailCode()`.
 */
export const sendCode: Handle = async (app, call) => {
  if (app.emailCode === null) throw new AuthError("not_found");
  await mailCode(app, await readMailRequest(app, call, "code"));
  return respondJson(app, {}, 200);
};

/**
 * `POST /code/confirm`: signs in with the code of an address.
 *
 * Body: `{ email, code, transport?, remember? }`.
 *
 * Answer: 200, that of a sign-in. Errors: `mail_token_invalid`, `forbidden`, `rate_limited`.
 */
export const confirmCode: Handle = async (app, call) => {
  if (app.emailCode === null) throw new AuthError("not_found");
  const body = (await readBody(call.request, true)) ?? {};
  const email = requireNormal("email", requiredString(body, "email"));
  const code = requiredString(body, "code");
  const how = { ...kindOfSession(body), amr: ["otp"] } as const;
  const admitted = await countInvalidToken(app, call, () => redeemCodeOf(app, call, { email, code }));
  return signInByMail(app, call, admitted, how);
};

async function redeemCodeOf(
  app: App,
  call: Call,
  { email, code }: { readonly email: string; readonly code: string },
): Promise<AdmittedUser> {
  const device = sendsDevice(call) ? await readDeviceOf(app, call, await app.users.find({ email })) : null;
  return redeemCode(app, { email, code, device }, ownerCheck(app, call));
}

/**
 * Signs in a user that a link or a code admitted, and responds with the session. A user that it created does not outlive a
 * failure.
 */
async function signInByMail(
  app: App,
  call: Call,
  { user, isCreated }: AdmittedUser,
  how: Pick<SignIn, "transport" | "remember" | "amr">,
): Promise<Response> {
  const rest = { replaces: [], succeeds: null, account: null, isNewUser: isCreated } as const;
  try {
    return await signInAndRespond(app, call, user, { ...rest, ...how, refusal: "forbidden", status: 200 });
  } catch (error) {
    if (isCreated) await undoSignUp(app, user, 0).catch(reportQuietly(app.engine.report));
    throw error;
  }
}

/** Tells whether a call has a live session of a user: then the holder of the mailbox is the owner of the account. */
function ownerCheck(app: App, call: Call): OwnerCheck {
  return (user) => isSignedInAs(app, call, user);
}
