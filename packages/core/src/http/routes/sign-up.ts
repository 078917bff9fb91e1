import { checkAndHash, createUser, requireName, requireNormal } from "../../accounts/accounts.ts";
import type { App } from "../../accounts/app.ts";
import { sendReset } from "../../accounts/new-password.ts";
import {
  decideSignUp,
  mintBrowser,
  readInvitation,
  redeemInvitation,
  requireFreeUsername,
  sendSignUp,
  signUpRefused,
  undoSignUp,
} from "../../accounts/sign-up.ts";
import { sendVerification } from "../../accounts/verify-email.ts";
import { setCookie } from "../../cookies/cookie.ts";
import { browserPlace } from "../../cookies/site.ts";
import { AuthError, reportQuietly } from "../../platform/errors.ts";
import { days, type Seconds } from "../../platform/time.ts";
import { type Bucket, bucketOf, networkBuckets } from "../../throttle/throttle.ts";
import { type Identifier, parseEmail } from "../../users/identifier.ts";
import type { User } from "../../users/user.ts";
import { countAttempt, giveBackAttempt } from "../limit.ts";
import { countInvalidToken } from "../mail-request.ts";
import { type Body, readBody, stringMember } from "../request.ts";
import { respondJson } from "../response.ts";
import type { Call, Handle } from "../route.ts";
import {
  EITHER,
  kindOfSession,
  type PasswordInput,
  parsePasswordInput,
  type SessionKind,
  type SignIn,
  signInAndRespond,
} from "../sign-in.ts";

/** How long the browser of a sign-up is known. Its token is valid for as long. */
const BROWSER_LIFETIME: Seconds = days(1);

/**
 * `POST /signup`: creates a user with a password, at once, by an invitation, or after a proof of the address.
 *
 * Body: `{ email, password, username?, name?, invitation?, transport?, remember? }`, or `username` in place of `email`. With an
 * invitation only `invitation` is required.
 *
 * Answer: 201, that of a sign-in; 202 `{}` with `verifyEmail: "required"`. Errors: `identifier_taken`, `weak_password`,
 * `forbidden`, `mail_token_invalid`, `rate_limited`; `not_found` without `password()`.
 */
export const signup: Handle = async (app, call) => {
  if (app.password === null && !signsInByMail(app)) throw new AuthError("not_found");
  const body = await readBody(call.request, true);
  const invitation = body === null ? undefined : stringMember(body, "invitation");
  const { signUp } = app.config;
  const decision = decideSignUp({ signUp, byMethod: true, hasInvitation: invitation !== undefined });
  if (decision === "refuse") throw signUpRefused(app.config);
  if (body !== null && invitation !== undefined) return signUpByInvitation(app, call, body, invitation);
  const input = { ...parseSignUpInput(app, body), name: nameOf(body) };
  const isPending = app.password?.verifyEmail === "required";
  return isPending ? signUpLater(app, call, input) : signUpNow(app, call, input);
};

/** The input of `POST /signup`. */
interface SignUpInput extends PasswordInput {
  /** Besides the address of `identifier`; null if the user has none. */
  readonly username: string | null;
}

/** Parses the body of a sign-up. Where a user may have both, it needs an address. Fails with `invalid_request`. */
function parseSignUpInput(app: App, body: Body | null): SignUpInput {
  if (app.password?.identifier !== EITHER || body === null) {
    return { ...parsePasswordInput(app, body), username: null };
  }
  const { username: _, ...others } = body;
  const input = parsePasswordInput(app, others);
  if (!("email" in input.identifier)) {
    throw new AuthError("invalid_request", "The body needs email and password; username is optional.");
  }
  const username = stringMember(body, "username") ?? "";
  return { ...input, username: username === "" ? null : requireNormal("username", username) };
}

/** The input of a sign-up, and the name to show. */
interface NamedSignUp extends SignUpInput {
  readonly name: string | null;
}

/** Reads the member `name`; null if it is absent or blank. Fails with `invalid_request`. */
function nameOf(body: Body | null): string | null {
  if (body === null || body["name"] === null) return null;
  return requireName(stringMember(body, "name") ?? null);
}

function identifiersOf({ identifier, username }: Pick<SignUpInput, "identifier" | "username">): Identifier {
  return username === null ? identifier : { ...identifier, username };
}

/** Creates a user and signs them in. With `verifyEmail: "later"` it also sends a message that verifies the address. */
async function signUpNow(
  app: App,
  call: Call,
  { identifier, username, name, password, kind }: NamedSignUp,
): Promise<Response> {
  const mailbox = await countSignUp(app, call, identifier);
  const user = await createUser(app, { ...identifiersOf({ identifier, username }), name, password }).catch(
    giveBackUnlessTaken(app, mailbox),
  );
  const response = await undoneOnFailure(app, user, 0, () =>
    signInNewUser(app, call, user, { ...kind, amr: ["pwd"] }),
  );
  if (app.password?.verifyEmail === "later" && user.email !== null) {
    // The user can ask for another message, so this one does not fail the sign-up.
    await sendVerification(app, user.email, user).catch(reportQuietly(app.engine.report));
  }
  return response;
}

/** Begins a sign-up. A known address gets the same answer, after the same work. */
async function signUpLater(
  app: App,
  call: Call,
  { identifier, username, name, password }: NamedSignUp,
): Promise<Response> {
  const email = "email" in identifier ? identifier.email : "";
  const mailbox = await countSignUp(app, call, identifier);
  const secret = await beginSignUp(app, { email, username, name, password }).catch(
    giveBackUnlessTaken(app, mailbox),
  );
  return respondJson(app, {}, 202, [setCookie(browserPlace("sign-up", call.site), secret, BROWSER_LIFETIME)]);
}

/** Returns the secret for the cookie of the browser. A known address gets a message to reset its password instead. */
async function beginSignUp(
  app: App,
  { email, username, name, password }: Omit<NamedSignUp, "identifier" | "kind"> & { readonly email: string },
): Promise<string> {
  const passwordHash = await checkAndHash(app, password, identifiersOf({ identifier: { email }, username }));
  // Before the address is looked up: the answer is the same for a known and an unknown one.
  await requireFreeUsername(app, username);
  const user = await app.users.find({ email });
  const { secret, browser } = mintBrowser(app);
  if (user !== null) await sendReset(app, { email, user, signedUpAgain: true });
  else await sendSignUp(app, { email, username, name, passwordHash, browser });
  return secret;
}

/**
 * Creates the user of an invitation and signs them in. The invitation is redeemed last: if anything fails before, it can be used
 * again, and if it was replaced or redeemed in between, the user is deleted.
 */
async function signUpByInvitation(app: App, call: Call, body: Body, invitation: string): Promise<Response> {
  await countAttempt(app, networkBuckets("signUp", call.client.networks()));
  const email = await countInvalidToken(app, call, () => readInvitation(app, invitation));
  const { kind, amr, ...input } = parseInvited(app, withInvited(body, email));
  const user = await createUser(app, { ...input, email, name: nameOf(body), emailVerified: true });
  const response = await undoneOnFailure(app, user, 0, () =>
    signInNewUser(app, call, user, { ...kind, amr }),
  );
  return undoneOnFailure(app, user, 1, async () => {
    await redeemInvitation(app, invitation);
    return response;
  });
}

interface InvitedInput {
  readonly username?: string;
  readonly password?: string;
  readonly kind: SessionKind;
  readonly amr: readonly string[];
}

/** Parses the sign-up of an invited person. Where links or codes sign in, it may leave out the password. */
function parseInvited(app: App, body: Body): InvitedInput {
  if (signsInByMail(app) && !Object.hasOwn(body, "password")) {
    // The invitation is a link to the mailbox, and proves it as a link to sign in does.
    return { kind: kindOfSession(body), amr: ["link"] };
  }
  const { password, kind, ...named } = parseSignUpInput(app, body);
  return { ...identifiersOf(named), password, kind, amr: ["pwd"] };
}

function signsInByMail({ magicLink, emailCode }: App): boolean {
  return magicLink !== null || emailCode !== null;
}

/** Adds the invited address to a body without one. Fails with `invalid_request` for another address. */
function withInvited(body: Body, invited: string): Body {
  const given = stringMember(body, "email");
  if (given !== undefined && parseEmail(given) !== invited) {
    throw new AuthError("invalid_request", "The e-mail is not the invited one.");
  }
  return { ...body, email: invited };
}

/** Signs in a user that this request created, and responds with the session. `amr` says how the user proved who they are. */
function signInNewUser(
  app: App,
  call: Call,
  user: User,
  kind: SessionKind & Pick<SignIn, "amr">,
): Promise<Response> {
  const how = { ...kind, replaces: [], succeeds: null, account: null, isNewUser: true } as const;
  return signInAndRespond(app, call, user, { ...how, refusal: "forbidden", status: 201 });
}

// A failed sign-up must not leave an account behind.
async function undoneOnFailure(
  app: App,
  user: User,
  own: number,
  run: () => Promise<Response>,
): Promise<Response> {
  try {
    return await run();
  } catch (error) {
    await undoSignUp(app, user, own).catch(reportQuietly(app.engine.report));
    throw error;
  }
}

/** Counts a sign-up by client network and by mailbox, and returns the bucket of the mailbox. Fails with `rate_limited`. */
async function countSignUp(app: App, { client }: Call, identifier: Identifier): Promise<Bucket> {
  const mailbox = bucketOf("mailbox", JSON.stringify(identifier));
  await countAttempt(app, [...networkBuckets("signUp", client.networks()), mailbox]);
  return mailbox;
}

// A password that is refused does not count against the mailbox: its owner may need several tries.
function giveBackUnlessTaken(app: App, mailbox: Bucket): (error: unknown) => Promise<never> {
  return async (error) => {
    const isTaken = error instanceof AuthError && error.code === "identifier_taken";
    if (!isTaken) await giveBackAttempt(app, [mailbox]);
    throw error;
  };
}
