import type { App, ConnectedProvider } from "../../accounts/app.ts";
import { findUserOf, type ReadInvited, spendInvitation, undoSignIn } from "../../accounts/oauth-identity.ts";
import { readInvitation } from "../../accounts/sign-up.ts";
import { type CookieChange, deleteCookie } from "../../cookies/cookie.ts";
import { decideNonce, openNonce, sealNonce } from "../../oauth/token-nonce.ts";
import { FLOW_LIFETIME, mintTransaction } from "../../oauth/transaction.ts";
import { now } from "../../platform/env.ts";
import { AuthError, reportQuietly } from "../../platform/errors.ts";
import { networkBuckets } from "../../throttle/throttle.ts";
import { hashOneTimeToken } from "../../users/one-time-token.ts";
import type { ProviderAccount } from "../../users/user.ts";
import {
  findFlow,
  flowCookies,
  identifyAccount,
  noncePlace,
  providerOf,
  recordOf,
  tellFailure,
} from "../flow.ts";
import { countAttempt } from "../limit.ts";
import { countInvalidToken } from "../mail-request.ts";
import { type Body, pathSegment, readBody, requiredString, stringMember } from "../request.ts";
import { answerError, respondJson } from "../response.ts";
import type { Call, Handle } from "../route.ts";
import { kindOfSession, type SessionKind, signInAndRespond } from "../sign-in.ts";

const PURPOSE = "oauth-token-nonce";

/**
 * `POST /oauth/:provider/nonce`: begins a sign-in with an ID token that an app gets from the provider by itself.
 *
 * Body: none, or `{ transport? }`.
 *
 * Answer: 200 `{ nonce, expires_in }`, and a cookie without `"transport": "bearer"`. Errors: `not_found` without
 * `idTokenAudiences`.
 */
export const oauthNonce: Handle = async (app, call) =>
  beginTokenSignIn(app, call, tokenProviderOf(app, call));

/**
 * `POST /oauth/:provider/token`: signs in by an ID token with the nonce of `POST /oauth/:provider/nonce`.
 *
 * Body: `{ id_token, nonce, name?, invitation?, transport?, remember? }`.
 *
 * Answer: 200, that of a sign-in. Errors: `oauth_state_invalid`, `oauth_failed`, `account_not_linked`, `forbidden`,
 * `mail_token_invalid`, `rate_limited`; `not_found` without `idTokenAudiences`.
 */
export const oauthToken: Handle = async (app, call) => signInByToken(app, call, tokenProviderOf(app, call));

function tokenProviderOf(app: App, { request }: Call): ConnectedProvider {
  const connected = providerOf(app, pathSegment(request.url, 2));
  if (connected.connection.identifyToken === undefined) throw new AuthError("not_found");
  return connected;
}

// A nonce costs one seal and is kept nowhere, so no attempt is counted: a page with One Tap asks for one at each visit.
/** Answers a nonce. For the transport `cookie` it also sets the cookie that binds the nonce to the browser. */
async function beginTokenSignIn(
  app: App,
  call: Call,
  { provider: { id } }: ConnectedProvider,
): Promise<Response> {
  const { transport } = kindOfSession((await readBody(call.request, true)) ?? {});
  const { random } = app.env;
  const [secret] = app.sealing();
  const startedAt = now(app.env);
  const nonce = await sealNonce({ provider: id, transport, startedAt }, secret, random);
  const answer = { nonce, expires_in: FLOW_LIFETIME };
  if (transport === "bearer") return respondJson(app, answer, 200);
  const begun = { provider: id, responseMode: "query", redirectTo: "/", startedAt, replaces: [] } as const;
  const flow = mintTransaction({ ...begun, intent: { kind: "sign_in" } }, random);
  return respondJson(app, answer, 200, await flowCookies(app, call, noncePlace(call.site, nonce), flow));
}

interface TokenInput extends SessionKind {
  readonly idToken: string;
  readonly nonce: string;
  readonly name: string | null;
  readonly invitation: string | undefined;
}

function parseInput(body: Body | null): TokenInput {
  return {
    idToken: requiredString(body, "id_token"),
    nonce: requiredString(body, "nonce"),
    name: stringMember(body ?? {}, "name") ?? null,
    invitation: stringMember(body ?? {}, "invitation"),
    ...kindOfSession(body ?? {}),
  };
}

/** Signs in by an ID token. Fails with `oauth_state_invalid`, `oauth_failed`, and as a callback does. */
async function signInByToken(app: App, call: Call, connected: ConnectedProvider): Promise<Response> {
  await countAttempt(app, networkBuckets("signIn", call.client.networks()));
  const input = parseInput(await readBody(call.request, false));
  const { id } = connected.provider;
  let cleared: readonly CookieChange[] = [];
  try {
    cleared = await redeemNonce(app, call, id, input);
    const account = await identifyAccount(connected, ({ identifyToken }) => identifyToken?.(input));
    return await finish(app, call, account, { ...input, cleared });
  } catch (error) {
    const code = error instanceof AuthError ? error.code : "internal_error";
    await tellFailure(app, call, { provider: id, code, error });
    return answerError(app, error, cleared);
  }
}

/** Uses a nonce, and returns the deletion of its cookie. Fails with `oauth_state_invalid`. */
async function redeemNonce(
  app: App,
  call: Call,
  provider: string,
  { nonce, transport }: TokenInput,
): Promise<readonly CookieChange[]> {
  const opened = await openNonce(nonce, app.sealing());
  const flow = transport === "cookie" ? await findFlow(app, call, nonce) : null;
  const at = now(app.env);
  const use = { provider, transport, held: flow?.transaction.provider ?? null, now: at };
  if (opened === null || decideNonce(opened, use) === "refuse") throw new AuthError("oauth_state_invalid");
  // OpenID Connect Core 15.5.2: one use. The mark outlives the nonce, also on a server whose clock is behind the store's.
  const expiresAt = opened.startedAt + 2 * FLOW_LIFETIME;
  const isFirst = await app.tokens.spend(hashOneTimeToken(nonce, PURPOSE), PURPOSE, expiresAt, at);
  if (!isFirst) throw new AuthError("oauth_state_invalid");
  return flow === null ? [] : [deleteCookie(noncePlace(call.site, nonce))];
}

async function finish(
  app: App,
  call: Call,
  account: ProviderAccount,
  { invitation, transport, remember, cleared }: TokenInput & { readonly cleared: readonly CookieChange[] },
): Promise<Response> {
  const { user, created } = await findUserOf(app, account, invitedBy(app, call, invitation));
  const how = { transport, remember, amr: ["fed"], replaces: [], succeeds: null, account } as const;
  const record = recordOf(app, user, account);
  const rest = { record, isNewUser: created === "user", refusal: "forbidden", status: 200 } as const;
  const undo = async (error: unknown): Promise<never> => {
    // A failed sign-in must not leave an account or a link behind.
    await undoSignIn(app, user.id, { created, account }).catch(reportQuietly(app.engine.report));
    throw error;
  };
  const signing = signInAndRespond(app, call, user, { ...how, ...rest, changes: cleared });
  const answer = await signing.catch(undo);
  await spendInvitation(app, user.id, { created, account }, invitation);
  return answer;
}

function invitedBy(app: App, call: Call, invitation: string | undefined): ReadInvited | null {
  if (invitation === undefined) return null;
  return () => countInvalidToken(app, call, () => readInvitation(app, invitation));
}
