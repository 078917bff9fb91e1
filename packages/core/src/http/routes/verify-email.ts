import type { App } from "../../accounts/app.ts";
import { isPasswordOf } from "../../accounts/credentials.ts";
import { isBrowserOf, type PendingSignUp, undoSignUp } from "../../accounts/sign-up.ts";
import {
  readVerification,
  requestVerification,
  type Verification,
  verifyEmail as verifyEmailOf,
} from "../../accounts/verify-email.ts";
import { type CookieChange, deleteCookie } from "../../cookies/cookie.ts";
import { browserPlace } from "../../cookies/site.ts";
import { AuthError, reportQuietly } from "../../platform/errors.ts";
import { signInBuckets } from "../../throttle/throttle.ts";
import type { User } from "../../users/user.ts";
import { countAttempt, giveBackAttempt } from "../limit.ts";
import { countInvalidToken, limitMailRequest, requestMailTo } from "../mail-request.ts";
import { readBody, requiredString, stringMember } from "../request.ts";
import { respondJson } from "../response.ts";
import type { Call, Handle } from "../route.ts";
import { requireUser } from "../session-user.ts";
import { kindOfSession, type SessionKind, signInAndRespond } from "../sign-in.ts";
import { isSignedInAs, whenSignedIn } from "../validate.ts";
import { requirePasswordOf } from "./reauthenticate.ts";

/**
 * `POST /email/verify/request`: sends a link that verifies an address. The answer is the same for every address. Without an
 * address in the body it is the one of the signed-in user.
 *
 * Body: `{ email }`, or none while signed in.
 *
 * Answer: 200 `{}`, the same for every address. Errors: `rate_limited`; `unauthenticated` without both; `not_found` without the
 * option `mail`.
 */
export const requestEmailVerification: Handle = async (app, call) => {
  if (app.mail === null) throw new AuthError("not_found");
  const body = await readBody(call.request, true);
  const input = body === null ? undefined : stringMember(body, "email");
  if (input === undefined) return requestForOwn(app, call);
  const { email, user } = await requestMailTo(app, call, "verify", input);
  await requestVerification(app, email, user);
  return respondJson(app, {}, 200);
};

function requestForOwn(app: App, call: Call): Promise<Response> {
  return whenSignedIn(app, call, async ({ valid, changes }) => {
    const user = await requireUser(app, valid.userId);
    const { email } = user;
    if (email === null) throw new AuthError("invalid_request", "The user has no e-mail address.");
    await remindToVerify(app, call, { email, user });
    return respondJson(app, {}, 200, changes);
  });
}

/** Sends the user of an address a link that verifies it. Fails with `rate_limited`. */
export async function remindToVerify(
  app: App,
  call: Call,
  { email, user }: { readonly email: string; readonly user: User },
): Promise<void> {
  await limitMailRequest(app, call, "verify", { email, user });
  await requestVerification(app, email, user);
}

interface VerifyInput {
  readonly token: string;
  readonly password: string | null;
  readonly kind: SessionKind;
}

/**
 * `POST /email/verify`: proves an address with a token of a message. It keeps the password if the request shows that the person at
 * the mailbox has set it: by a session of the user, by the cookie of the sign-up, or by the password.
 *
 * Body: `{ token, password?, transport?, remember? }`.
 *
 * Answer: 200 `{ password }`, which is `kept`, `removed` or `none`; with that of a sign-in if this creates the user in the
 * browser of the sign-up. Errors: `mail_token_invalid`, `invalid_credentials`, `identifier_taken`, `rate_limited`; `not_found`
 * without the option `mail`.
 */
export const verifyEmail: Handle = async (app, call) => {
  if (app.mail === null) throw new AuthError("not_found");
  const input = await readVerifyInput(app, call.request);
  const verification = await countInvalidToken(app, call, () => readVerification(app, input.token));
  return verification.kind === "create"
    ? finishSignUp(app, call, input, verification)
    : proveAddress(app, call, input, verification);
};

async function readVerifyInput(app: App, request: Request): Promise<VerifyInput> {
  const body = await readBody(request, true);
  const token = requiredString(body, "token");
  if (body === null) throw new AuthError("invalid_request");
  const password = app.password === null ? null : (stringMember(body, "password") ?? null);
  return { token, password, kind: kindOfSession(body) };
}

/** Creates the user of a sign-up. The person that signed up is signed in; any other holder of the mailbox gets no password. */
async function finishSignUp(
  app: App,
  call: Call,
  { token, password: given, kind }: VerifyInput,
  verification: Extract<Verification, { kind: "create" }>,
): Promise<Response> {
  const { signUp } = verification;
  const isOwner =
    cookiesOfSignUp(call).some((secret) => isBrowserOf(signUp, secret)) ||
    (await hasPasswordOf(app, call, signUp, given));
  const { user, password } = await verifyEmailOf(app, token, verification, isOwner);
  const changes = forgetSignUp(call);
  if (!isOwner) return respondJson(app, { password }, 200, changes);
  try {
    const how = { ...kind, amr: ["pwd"], replaces: [], succeeds: null, account: null } as const;
    const answer = {
      isNewUser: true,
      refusal: "forbidden",
      status: 200,
      more: { password },
      changes,
    } as const;
    return await signInAndRespond(app, call, user, { ...how, ...answer });
  } catch (error) {
    await undoSignUp(app, user, 0).catch(reportQuietly(app.engine.report));
    throw error;
  }
}

async function proveAddress(
  app: App,
  call: Call,
  { token, password: given }: VerifyInput,
  verification: Extract<Verification, { kind: "prove" }>,
): Promise<Response> {
  const { user } = verification;
  const isSignedIn = await isSignedInAs(app, call, user);
  // A wrong password is a failed sign-in, and leaves the token valid.
  if (!isSignedIn && given !== null) await requirePasswordOf(app, call, user, given);
  const { password } = await verifyEmailOf(app, token, verification, isSignedIn || given !== null);
  return respondJson(app, { password }, 200, forgetSignUp(call));
}

/**
 * Whether a request has the password of a sign-up. A wrong one is a failed sign-in, and leaves the token valid. Fails with
 * `invalid_credentials` and `rate_limited`.
 */
async function hasPasswordOf(
  app: App,
  call: Call,
  { email, passwordHash }: PendingSignUp,
  given: string | null,
): Promise<boolean> {
  if (given === null) return false;
  const buckets = signInBuckets({
    account: JSON.stringify({ email }),
    device: null,
    networks: call.client.networks,
  });
  await countAttempt(app, buckets);
  let isWrong = false;
  try {
    isWrong = !(await isPasswordOf(app, given, passwordHash));
  } finally {
    if (!isWrong) await giveBackAttempt(app, buckets);
  }
  if (!isWrong) return true;
  app.engine.emit({ type: "sign_in.failed", userId: null, code: "invalid_credentials" });
  throw new AuthError("invalid_credentials");
}

function cookiesOfSignUp({ site, credentials }: Call): readonly string[] {
  const { name } = browserPlace("sign-up", site);
  return credentials.cookies.filter((cookie) => cookie.name === name).map(({ value }) => value);
}

function forgetSignUp(call: Call): readonly CookieChange[] {
  return cookiesOfSignUp(call).length > 0 ? [deleteCookie(browserPlace("sign-up", call.site))] : [];
}
