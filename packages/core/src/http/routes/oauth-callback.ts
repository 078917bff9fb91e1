import type { App, ConnectedProvider } from "../../accounts/app.ts";
import { issueCode } from "../../accounts/native-code.ts";
import {
  type FoundUser,
  findUserOf,
  keepTokens,
  linkToUser,
  spendInvitation,
  undoSignIn,
} from "../../accounts/oauth-identity.ts";
import { readInvitation } from "../../accounts/sign-up.ts";
import { isSignedIn, type LinkRequester } from "../../accounts/unlink.ts";
import { type CookieChange, deleteCookie } from "../../cookies/cookie.ts";
import { type CallbackParameters, decideCallback, parseCallback } from "../../oauth/callback.ts";
import { errorAtCallback } from "../../oauth/diagnosis.ts";
import type { Intent, Transaction } from "../../oauth/transaction.ts";
import { AuthError, reportQuietly } from "../../platform/errors.ts";
import { findProvenSessions } from "../../sessions/presented-tokens.ts";
import type { ProviderAccount } from "../../users/user.ts";
import {
  answerPerson,
  findFlow,
  flowOf,
  forPerson,
  identifyAccount,
  leadBack,
  providerOf,
  recordOf,
  spendState,
  targetAfterCallback,
  tellFailure,
} from "../flow.ts";
import { countInvalidToken } from "../mail-request.ts";
import { pathSegment, readBody, requireNavigation } from "../request.ts";
import { addError, answerError, codeOf, headersOf } from "../response.ts";
import type { Call, Handle } from "../route.ts";
import { type SignIn, signIn, signInCookies } from "../sign-in.ts";

/**
 * `GET` or `POST /oauth/:provider/callback`: finishes a flow and redirects to its target.
 *
 * Body: what the provider sends in the query or in a form.
 *
 * Answer: 303 to `redirect_to`, signed in, or with `?error=` and the code. Errors: `oauth_denied`, `oauth_state_invalid`,
 * `oauth_failed`, `account_not_linked`, `forbidden`, `mail_token_invalid`, `redirect_not_allowed`, `rate_limited`.
 */
export const oauthCallback: Handle = forPerson(async (app, call) => {
  const connected = providerOf(app, pathSegment(call.request.url, 2));
  requireNavigation(call.request);
  const fields = await fieldsOf(call);
  const parameters = parseCallback(fields);
  const found = parameters === null ? null : await findFlow(app, call, parameters.state);
  if (parameters === null || found === null) throw new AuthError("oauth_state_invalid");
  const { transaction, place } = found;
  const cleared = [deleteCookie(place)];
  try {
    const account = await identify(app, call, { connected, fields, parameters, transaction });
    return await finishSignIn(app, call, { transaction, account, cleared });
  } catch (error) {
    return respondFailure(app, call, { error, transaction, cleared });
  }
});

type Fields = readonly (readonly [string, string])[];

async function fieldsOf({ request }: Call): Promise<Fields> {
  if (request.method !== "POST") return [...new URL(request.url).searchParams];
  const body = (await readBody(request, true)) ?? {};
  return Object.entries(body).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : []));
}

interface CallbackInput {
  readonly connected: ConnectedProvider;
  readonly fields: Fields;
  readonly parameters: CallbackParameters;
  readonly transaction: Transaction;
}

async function identify(
  app: App,
  call: Call,
  { connected, fields, parameters, transaction }: CallbackInput,
): Promise<ProviderAccount> {
  const first = await spendState(app, transaction);
  const received = { provider: connected.provider.id, method: call.request.method, first };
  const decision = decideCallback(parameters, transaction, received);
  if (decision.kind === "fail") {
    if (decision.code !== "oauth_failed") throw new AuthError(decision.code);
    const { state, nonce, codeVerifier } = transaction;
    throw errorAtCallback(fields, [parameters.code, state, nonce, codeVerifier]);
  }
  if (transaction.intent.kind === "link") await requireRequester(app, call, transaction.intent);
  const { iss, user } = parameters;
  const answer = { code: decision.code, iss, user };
  const flow = flowOf(app, call, transaction);
  return identifyAccount(connected, (connection) => connection.identify(flow, answer));
}

// OAU-18: the session of the callback must be the one that started the link. A form post brings no session cookie, and a
// cross-site redirect no Strict one. Then the sealed transaction identifies the session.
async function requireRequester(app: App, call: Call, requester: LinkRequester): Promise<void> {
  const proven = await findProvenSessions(app.engine, call.credentials.presented);
  const isSameSession = proven.length === 0 || proven.includes(requester.sessionId);
  if (!isSameSession || !(await isSignedIn(app, requester))) throw new AuthError("oauth_state_invalid");
}

interface ReturnedFlow {
  readonly transaction: Transaction;
  readonly account: ProviderAccount;
  /** Deletes the flow's own cookie. */
  readonly cleared: readonly CookieChange[];
}

async function finishSignIn(
  app: App,
  call: Call,
  { transaction, account, cleared }: ReturnedFlow,
): Promise<Response> {
  const { intent } = transaction;
  const target = targetAfterCallback(app, call, transaction);
  const found = await findUser(app, call, intent, account);
  if (intent.kind === "native") {
    const { codeChallenge, invitation } = intent;
    target.searchParams.set("code", await issueCode(app, found, { account, codeChallenge, invitation }));
    return leadBack(call, transaction, target, headersOf(app, cleared));
  }
  const changes = await signInFound(app, call, { transaction, account, found });
  if (intent.kind === "sign_in")
    await spendInvitation(app, found.user.id, { ...found, account }, intent.invitation);
  return leadBack(call, transaction, target, headersOf(app, [...cleared, ...changes]));
}

function findUser(app: App, call: Call, intent: Intent, account: ProviderAccount): Promise<FoundUser> {
  // A link to the user who asked for it is no sign-up.
  if (intent.kind === "link") return linkToUser(app, intent, account);
  const { invitation } = intent;
  if (invitation === undefined) return findUserOf(app, account, null);
  return findUserOf(app, account, () => countInvalidToken(app, call, () => readInvitation(app, invitation)));
}

/** Signs in the user of a flow, and returns the cookies. */
async function signInFound(
  app: App,
  call: Call,
  { transaction, account, found }: Omit<ReturnedFlow, "cleared"> & { readonly found: FoundUser },
): Promise<readonly CookieChange[]> {
  const { user, created, succeeds } = found;
  const { intent, replaces } = transaction;
  const how: SignIn = {
    transport: "cookie",
    remember: intent.kind === "native" || intent.remember !== false,
    amr: ["fed"],
    replaces,
    succeeds,
    account,
    record: recordOf(app, user, account),
    isNewUser: created === "user",
    refusal: "forbidden",
  };
  try {
    const { tokens } = await signIn(app, call, user, how);
    await keepTokens(app, account);
    return await signInCookies(app, call, user, tokens);
  } catch (error) {
    // A failed sign-in must not leave an account or a link behind.
    await undoSignIn(app, user.id, { created, account }).catch(reportQuietly(app.engine.report));
    throw error;
  }
}

async function respondFailure(
  app: App,
  call: Call,
  { error, transaction, cleared }: Omit<ReturnedFlow, "account"> & { readonly error: unknown },
): Promise<Response> {
  const code = codeOf(app, error);
  await tellFailure(app, call, { provider: transaction.provider, code, error });
  // A flow of another browser, or one that is used or expired, does not fail at its target.
  if (code === "oauth_state_invalid")
    return answerPerson(app, call, answerError(app, error, cleared), transaction);
  const target = addError(targetAfterCallback(app, call, transaction), code);
  return leadBack(call, transaction, target, headersOf(app, cleared));
}
