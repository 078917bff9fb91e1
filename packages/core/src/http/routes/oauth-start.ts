import type { App } from "../../accounts/app.ts";
import { isMailToken } from "../../accounts/mail-token.ts";
import { unlinkProvider } from "../../accounts/unlink.ts";
import { type AuthorizationParams, decidePassed } from "../../oauth/parameters.ts";
import { type Intent, isChallenge } from "../../oauth/transaction.ts";
import { AuthError, type ErrorCode } from "../../platform/errors.ts";
import { networkBuckets } from "../../throttle/throttle.ts";
import { beginFlow, forPerson, providerOf, requireTarget, tellFailure } from "../flow.ts";
import { countAttempt } from "../limit.ts";
import { pathSegment, readBody, requireNavigation, stringMember } from "../request.ts";
import { addError, codeOf, headersOf, redirect, respondJson } from "../response.ts";
import type { Call, Handle } from "../route.ts";
import { isRemembered, parseRemember } from "../sign-in.ts";
import { requireFreshSignIn } from "../step-up.ts";
import { whenSignedIn } from "../validate.ts";

/**
 * `GET /oauth/:provider`: redirects the browser to the provider.
 *
 * Body: none. Query: `redirect_to`, and if need be `invitation`, `remember`, `login_hint`, `prompt`, `ui_locales`; of native
 * apps `transport=bearer` and `code_challenge`.
 *
 * Answer: 303 to the provider. An error leads to `redirect_to` with `?error=` and the code. Errors: `redirect_not_allowed`,
 * `oauth_failed`, `rate_limited`; `not_found` for an unknown provider.
 */
export const oauthStart: Handle = forPerson(async (app, call) => {
  const provider = providerOf(app, pathSegment(call.request.url, 1));
  requireNavigation(call.request);
  const query = new URL(call.request.url).searchParams;
  const intent = intentOf(query);
  const passed = requirePassed((name) => query.getAll(name));
  const redirectTo = requireTarget(app, call, query.getAll("redirect_to"), intent.kind === "native");
  await countAttempt(app, networkBuckets("signIn", call.client.networks()));
  try {
    const flow = { provider, redirectTo, intent: { ...intent, ...invitationOf(query) }, passed };
    const { url, changes } = await beginFlow(app, call, flow);
    return redirect(url, headersOf(app, changes));
  } catch (error) {
    const code = await tellStart(app, call, provider.provider.id, error);
    return redirect(addError(redirectTo, code), headersOf(app, []));
  }
});

/** Reads whether a browser signs in, or a native app that exchanges a code later (RFC 8252, RFC 7636). */
function intentOf(query: URLSearchParams): Exclude<Intent, { kind: "link" }> {
  const [transport = "cookie", ...more] = query.getAll("transport");
  if (more.length > 0 || (transport !== "cookie" && transport !== "bearer")) {
    throw new AuthError("invalid_request", 'transport is "cookie" or "bearer".');
  }
  if (transport === "cookie") return { kind: "sign_in", ...rememberIn(query) };
  const [codeChallenge = "", ...others] = query.getAll("code_challenge");
  const method = query.get("code_challenge_method") ?? "S256";
  if (others.length > 0 || method !== "S256" || !isChallenge(codeChallenge)) {
    throw new AuthError("invalid_request", "transport=bearer needs a code_challenge with the method S256.");
  }
  return { kind: "native", codeChallenge };
}

/** Reads the parameters that are passed to the provider. Fails with `invalid_request`. */
function requirePassed(given: (name: string) => readonly unknown[]): AuthorizationParams {
  const passed = decidePassed(given);
  if (passed !== null) return passed;
  const message =
    "login_hint, prompt and ui_locales are each one text of up to 256 characters, without control characters.";
  throw new AuthError("invalid_request", message);
}

/** Reads the token of an invitation. It is not checked here: only a callback that creates a user needs it. */
function invitationOf(query: URLSearchParams): { readonly invitation?: string } {
  const [invitation, ...more] = query.getAll("invitation");
  if (invitation === undefined) return {};
  // A text of another length could fill the cookie of the flow.
  if (more.length > 0 || !isMailToken(invitation)) throw new AuthError("mail_token_invalid");
  return { invitation };
}

/** The errors that the page of the target shows. The others are of the request itself. */
const TOLD_AT_TARGET: ReadonlySet<ErrorCode> = new Set(["oauth_failed", "mail_token_invalid"]);

// Only what is not the default: the cookie of a flow is small.
function rememberIn(query: URLSearchParams): { readonly remember?: false } {
  const isRemembered = query.getAll("remember").every(parseRemember);
  return isRemembered ? {} : { remember: false };
}

async function tellStart(app: App, call: Call, provider: string, error: unknown): Promise<ErrorCode> {
  if (!(error instanceof AuthError) || !TOLD_AT_TARGET.has(error.code)) throw error;
  const code = codeOf(app, error);
  await tellFailure(app, call, { provider, code, error });
  return code;
}

/**
 * `POST /oauth/:provider/link`: starts to link an account. It redirects a form, and gives a script the `url`.
 *
 * Body: `{ redirect_to?, login_hint?, prompt?, ui_locales? }`.
 *
 * Answer: 303 to the provider for a form, 200 `{ url }` for JSON. Errors: `unauthenticated`, `transport_mismatch`,
 * `redirect_not_allowed`, `rate_limited`; `insufficient_user_authentication` if the sign-in is older than 15 minutes.
 */
export const linkAccount: Handle = forPerson((app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) => {
    const provider = providerOf(app, pathSegment(call.request.url, 2));
    requireFreshSignIn(app, valid);
    if (valid.transport !== "cookie") throw new AuthError("transport_mismatch");
    const body = await readBody(call.request, true);
    const target = body === null ? undefined : stringMember(body, "redirect_to");
    const redirectTo = requireTarget(app, call, target === undefined ? [] : [target], false);
    const passed = requirePassed((name) => (body !== null && Object.hasOwn(body, name) ? [body[name]] : []));
    await countAttempt(app, networkBuckets("signIn", call.client.networks()));
    const { id: sessionId } = valid.session;
    const remember = isRemembered(call, sessionId) ? {} : ({ remember: false } as const);
    const intent = { kind: "link", userId: valid.userId, sessionId, ...remember } as const;
    const start = { provider, redirectTo, intent, passed };
    const begun = await beginFlow(app, call, start).catch(async (error) => {
      await tellStart(app, call, provider.provider.id, error);
      throw error;
    });
    const all = [...changes, ...begun.changes];
    const isForm = call.request.headers.get("content-type")?.startsWith("application/x-www-form") ?? false;
    return isForm
      ? redirect(begun.url, headersOf(app, all))
      : respondJson(app, { url: begun.url.href }, 200, all);
  }),
);

/**
 * `DELETE /oauth/:provider/link`: removes the link, unless it is the last sign-in method.
 *
 * Body: none.
 *
 * Answer: 204. Errors: `unauthenticated`, `not_found`, `forbidden` for the last sign-in method; `insufficient_user_authentication`
 * if the sign-in is older than 15 minutes.
 */
export const unlinkAccount: Handle = (app, call) =>
  whenSignedIn(app, call, async ({ valid, changes }) => {
    requireFreshSignIn(app, valid);
    const requester = { userId: valid.userId, sessionId: valid.session.id };
    await unlinkProvider(app, requester, pathSegment(call.request.url, 2));
    return new Response(null, { status: 204, headers: headersOf(app, changes) });
  });
