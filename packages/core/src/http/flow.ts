import type { App, ConnectedProvider } from "../accounts/app.ts";
import { type StartSession, startRecorded } from "../accounts/provider-logout.ts";
import {
  type CookieChange,
  type CookiePair,
  type CookiePlace,
  deleteCookie,
  setCookie,
} from "../cookies/cookie.ts";
import { browserPlace, flowPrefix, type Site, twinOf } from "../cookies/site.ts";
import { diagnose, lineOf } from "../oauth/diagnosis.ts";
import type { AuthorizationParams } from "../oauth/parameters.ts";
import { faultOfAccount, pictureOf } from "../oauth/profile.ts";
import type { IdentifiedAccount, OAuthConnection, OAuthFlow } from "../oauth/provider.ts";
import { decideRedirect } from "../oauth/redirect.ts";
import {
  FLOW_LIFETIME,
  type Intent,
  MOST_FLOWS,
  mintTransaction,
  openTransaction,
  sealTransaction,
  type Transaction,
  transactionPlace,
} from "../oauth/transaction.ts";
import { badAnswer, callAndWait, kindOf } from "../platform/callback-answer.ts";
import { escapeHtml } from "../platform/encoding.ts";
import { now } from "../platform/env.ts";
import { AuthError, type ErrorCode, faultName } from "../platform/errors.ts";
import { findProvenSessions } from "../sessions/presented-tokens.ts";
import { hashOneTimeToken } from "../users/one-time-token.ts";
import type { ProviderAccount, User } from "../users/user.ts";
import { endFlow } from "./flow-end.ts";
import { answerError, redirect } from "./response.ts";
import type { Call, Handle } from "./route.ts";

const STATE = "oauth-state";
/** The largest size of all flow cookies together, in bytes: servers accept headers of 8 to 16 kB. */
const MAX_BYTES = 6_144;

/**
 * Makes a route whose errors a person at a browser can read and leave: each leads to a page. A client that is no browser gets
 * them in JSON.
 */
export function forPerson(handle: Handle): Handle {
  return async (app, call) => {
    const response = await handle(app, call).catch((error: unknown) => answerError(app, error));
    return response.status < 400 ? response : answerPerson(app, call, response, null);
  };
}

/** Answers an error for a person. `flow` is the flow that the cookie of this browser holds; null without one. */
export async function answerPerson(
  app: App,
  call: Call,
  error: Response,
  flow: Transaction | null,
): Promise<Response> {
  const held =
    flow === null ? null : { intent: flow.intent.kind, target: targetAfterCallback(app, call, flow) };
  return endFlow(app, call, error, held);
}

/** A sign-in with a provider that failed. */
export interface FailedFlow {
  readonly provider: string;
  readonly code: ErrorCode;
  readonly error: unknown;
}

/** Emits `oauth.failed`, and tells the developer what to check: one line a minute for each provider and reason. */
export async function tellFailure(
  app: App,
  call: Call,
  { provider, code, error }: FailedFlow,
): Promise<void> {
  const told = { type: "oauth.failed", provider, code, error: faultName(error) } as const;
  if (!(error instanceof AuthError) || error.details === null) return app.engine.emit(told);
  const scope = { provider, redirectUri: redirectUriOf(app, call, provider) };
  const diagnosis = diagnose(error, scope);
  if (diagnosis === null) return app.engine.emit(told);
  app.engine.emit({ ...told, diagnosis });
  const minute = Math.floor(now(app.env) / 60);
  app.reportProvider(minute, `${provider} ${diagnosis.reason}`, lineOf(error.message, scope, diagnosis));
}

/** Finds the provider that a path names. Fails with `not_found`. */
export function providerOf(app: App, id: string): ConnectedProvider {
  const found = app.oauth.get(id);
  if (found === undefined) throw new AuthError("not_found");
  return found;
}

/** Checks the target of a flow. Without one it is the root of the site. Fails with `redirect_not_allowed`. */
export function requireTarget(app: App, call: Call, targets: readonly string[], native: boolean): URL {
  const [target, ...more] = targets.length === 0 && !native ? ["/"] : targets;
  const url = target === undefined || more.length > 0 ? null : allowedTarget(app, call, target, native);
  if (url === null) throw new AuthError("redirect_not_allowed");
  return url;
}

/** Checks the target again at the callback. If it is no longer allowed, the target is the root of the site. */
export function targetAfterCallback(app: App, call: Call, { redirectTo, intent }: Transaction): URL {
  const native = intent.kind === "native";
  return allowedTarget(app, call, redirectTo, native) ?? new URL("/", call.site.origin);
}

/**
 * Leads the browser from a callback to the target. The provider began the navigation, and a browser sends Strict cookies to no page
 * that such a navigation is redirected to (RFC 6265bis 5.2). A page of our own begins another one, which brings them.
 */
export function leadBack({ site }: Call, { intent }: Transaction, target: URL, headers: Headers): Response {
  const needsPage = site.places.access.sameSite === "strict" && intent.kind !== "native";
  return needsPage ? respondWithPage(target, headers) : redirect(target, headers);
}

function respondWithPage(target: URL, headers: Headers): Response {
  const href = escapeHtml(target.href);
  headers.set("content-type", "text/html; charset=utf-8");
  headers.set("x-content-type-options", "nosniff");
  headers.set("content-security-policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
  const title = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Signing in</title>';
  const refresh = `<meta http-equiv="refresh" content="0; url=${href}">`;
  return new Response(`${title}${refresh}<a href="${href}">Continue</a></html>`, { headers });
}

/** Checks where a text of a client may lead. Null refuses. */
export function allowedTarget(
  { config: { basePath, trustedOrigins } }: App,
  { site: { origin: ownOrigin } }: Call,
  target: string,
  native: boolean,
): URL | null {
  return decideRedirect(target, { ownOrigin, basePath, trustedOrigins, native });
}

/** Makes the redirect URI from the configuration, never from a header (OAU-22). */
function redirectUriOf(app: App, call: Call, provider: string): string {
  return `${call.site.origin}${app.config.basePath}/oauth/${provider}/callback`;
}

export interface FlowStart {
  readonly provider: ConnectedProvider;
  readonly redirectTo: URL;
  readonly intent: Intent;
  /** The parameters of the request that are passed to the provider. */
  readonly passed: AuthorizationParams;
}

/** Starts a flow. Returns the URL to redirect to, and the cookie that binds the flow to the browser. */
export async function beginFlow(
  app: App,
  call: Call,
  { provider: { provider, connection }, redirectTo, intent, passed }: FlowStart,
): Promise<{ readonly url: URL; readonly changes: readonly CookieChange[] }> {
  const { random } = app.env;
  const begun = {
    provider: provider.id,
    responseMode: provider.responseMode,
    redirectTo: shortenTarget(redirectTo, call.site.origin),
    startedAt: now(app.env),
    intent,
    replaces: await findProvenSessions(app.engine, call.credentials.presented),
  };
  const transaction = mintTransaction(begun, random);
  const operation = `authorizationUrl of ${provider.id}`;
  const flow = flowOf(app, call, transaction);
  const url = await callAndWait(operation, () => connection.authorizationUrl(flow, passed));
  if (!(url instanceof URL)) throw badAnswer(operation, kindOf(url), "a URL");
  const place = transactionPlace(call.site, transaction.state, transaction.responseMode);
  return { url, changes: await flowCookies(app, call, place, transaction) };
}

/**
 * The place of the cookie that binds the nonce of an ID token to the browser. A script of a page gets and sends it, so it is as
 * cross-site as the session cookies, and in the same jar.
 */
export function noncePlace(site: Site, nonce: string): CookiePlace {
  const { name } = transactionPlace(site, nonce, "query");
  return { ...browserPlace("device", site), name };
}

/** Makes the cookie that binds a flow to the browser. */
export async function flowCookies(
  app: App,
  call: Call,
  place: CookiePlace,
  transaction: Transaction,
): Promise<readonly CookieChange[]> {
  const [secret] = app.sealing();
  const value = await sealTransaction(transaction, secret, app.env.random);
  const room = MAX_BYTES - place.name.length - value.length;
  const surplus = await flowsToDelete(app, call, room);
  return [...surplus.map(deleteCookie), setCookie(place, value, FLOW_LIFETIME)];
}

// Without its own origin the target is shorter, which keeps the flow cookie small.
function shortenTarget(target: URL, ownOrigin: string): string {
  return target.origin === ownOrigin ? target.href.slice(ownOrigin.length) : target.href;
}

// Keeps the newest flows. Deletes cookies that cannot be opened.
async function flowsToDelete(app: App, call: Call, room: number): Promise<readonly CookiePlace[]> {
  const prefix = flowPrefix(call.site);
  const sent = call.credentials.cookies.filter(({ name }) => name.startsWith(prefix));
  const opened = await Promise.all(sent.map((cookie) => openFlowCookie(app, cookie)));
  // For flows of the same second: a browser sends the older cookie first.
  const flows = sent
    .map((cookie, index) => ({ cookie, startedAt: opened[index]?.startedAt ?? 0 }))
    .toReversed();
  let left = room;
  const kept = flows
    .toSorted((a, b) => b.startedAt - a.startedAt)
    .filter(({ cookie, startedAt }, index) => {
      left -= cookie.name.length + cookie.value.length;
      return startedAt > 0 && index < MOST_FLOWS - 1 && left >= 0;
    });
  return flows
    .filter((flow) => !kept.includes(flow))
    .flatMap(({ cookie }): readonly CookiePlace[] => {
      const place = { ...browserPlace("device", call.site), name: cookie.name };
      return place.partitioned ? [place, twinOf(place)] : [place];
    });
}

function openFlowCookie(app: App, { value }: CookiePair): Promise<Transaction | null> {
  return openTransaction(value, app.sealing(), now(app.env));
}

/** The flow of a callback, and its cookie to delete. */
export interface FoundFlow {
  readonly transaction: Transaction;
  readonly place: CookiePlace;
}

/** Finds the flow of a state in the cookies. Returns null if it started in another browser, or too long ago. */
export async function findFlow(app: App, call: Call, state: string): Promise<FoundFlow | null> {
  const { name } = transactionPlace(call.site, state, "query");
  const cookie = call.credentials.cookies.find((sent) => sent.name === name);
  const transaction = cookie === undefined ? null : await openFlowCookie(app, cookie);
  if (transaction === null) return null;
  const place = transactionPlace(call.site, state, transaction.responseMode);
  return { transaction, place };
}

/** Marks the state of a flow as used. Returns `false` if it was used before. Only a callback writes a row, not a start. */
export async function spendState(app: App, { state, startedAt }: Transaction): Promise<boolean> {
  const hash = hashOneTimeToken(state, STATE);
  // RFC 9700 4.2.4: one use. The mark outlives the cookie, also on a server whose clock is behind the store's.
  const expiresAt = startedAt + 2 * FLOW_LIFETIME;
  return app.tokens.spend(hash, STATE, expiresAt, now(app.env));
}

/** Has a provider identify an account, and checks the answer. Fails with `oauth_failed`. */
export async function identifyAccount(
  { provider: { id }, connection }: ConnectedProvider,
  identify: (connection: OAuthConnection) => unknown,
): Promise<ProviderAccount> {
  const operation = `identify of ${id}`;
  const account = await callAndWait(operation, async () => identify(connection));
  const fault = faultOfAccount(account, id);
  if (fault !== null) throw badAnswer(operation, fault, "a ProviderAccount");
  const { picture, ...checked } = account as IdentifiedAccount;
  return { ...checked, picture: pictureOf(picture) };
}

/**
 * Makes the function that starts a session and records the sign-in at a provider that it begins with. Where one provider ends sessions
 * here, those of all providers are recorded, so that it ends its own alone.
 */
export function recordOf(
  app: App,
  user: User,
  account: ProviderAccount,
): (start: StartSession) => ReturnType<StartSession> {
  const isRecorded = [...app.oauth.values()].some(({ provider }) => provider.backchannelLogout === true);
  return (start) => (isRecorded ? startRecorded(app, user, account, start) : start());
}

/** The part of a flow that the provider needs. */
export function flowOf(
  app: App,
  call: Call,
  { state, nonce, codeVerifier, provider }: Transaction,
): OAuthFlow {
  return { state, nonce, codeVerifier, redirectUri: redirectUriOf(app, call, provider) };
}
