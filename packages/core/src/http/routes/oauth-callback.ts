import type { App, ConnectedProvider } from "../../accounts/app.ts";
import { keepTokens } from "../../accounts/kept-tokens.ts";
import { issueCode } from "../../accounts/native-code.ts";
import { findUserOf, linkToUser, takeBack } from "../../accounts/oauth-identity.ts";
import { type Asker, isSignedIn } from "../../accounts/unlink.ts";
import { type CookieChange, deleteCookie } from "../../cookies/cookie.ts";
import { type CallbackParameters, decideCallback, parseCallback } from "../../oauth/callback.ts";
import { oauthFault } from "../../oauth/fault.ts";
import { faultOfAccount } from "../../oauth/profile.ts";
import type { Transaction } from "../../oauth/transaction.ts";
import { badAnswer } from "../../platform/callback-answer.ts";
import { AuthError, faultName } from "../../platform/errors.ts";
import type { ProviderAccount } from "../../users/user.ts";
import { readBody } from "../body.ts";
import { findFlow, flowOf, landingOf, providerOf, spendState } from "../flow.ts";
import { requireNavigation } from "../request.ts";
import { answerError, codeOf, redirect, withError } from "../response.ts";
import { type Call, headersOf, type Route, segment } from "../route.ts";
import { cookiesOf, expireFormer } from "../session-cookies.ts";
import { provenSessions, type SignIn, signIn } from "../sign-in.ts";

/** `GET` or `POST /oauth/:provider/callback`: the browser comes back, and is sent on to where the flow leads. */
export const oauthCallback: Route = {
  method: ["GET", "POST"],
  path: "/oauth/:provider/callback",
  // RFC 6749 4.1.2: the provider has the browser post its answer, and the sealed transaction binds it to that browser.
  crossSite: true,
  async handle(app, call) {
    const connected = providerOf(app, segment(call, 2));
    requireNavigation(call.request);
    const parameters = parseCallback(await fieldsOf(call));
    const found = parameters === null ? null : await findFlow(app, call, parameters.state);
    if (parameters === null || found === null) throw new AuthError("oauth_state_invalid");
    const { transaction, place } = found;
    const gone = [deleteCookie(place)];
    try {
      const account = await identify(app, call, { connected, parameters, transaction });
      return await arrive(app, call, { transaction, account, gone });
    } catch (error) {
      return failed(app, call, { error, transaction, gone });
    }
  },
};

async function fieldsOf({ request }: Call): Promise<readonly (readonly [string, string])[]> {
  if (request.method !== "POST") return [...new URL(request.url).searchParams];
  const body = (await readBody(request, true)) ?? {};
  return Object.entries(body).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : []));
}

interface Returned {
  readonly connected: ConnectedProvider;
  readonly parameters: CallbackParameters;
  readonly transaction: Transaction;
}

async function identify(
  app: App,
  call: Call,
  { connected, parameters, transaction }: Returned,
): Promise<ProviderAccount> {
  const first = await spendState(app, transaction);
  const here = { provider: connected.provider.id, method: call.request.method, first };
  const decision = decideCallback(parameters, transaction, here);
  if (decision.kind === "fail") {
    throw decision.code === "oauth_failed" ? oauthFault("provider_error") : new AuthError(decision.code);
  }
  if (transaction.intent.kind === "link") await requireSession(app, call, transaction.intent);
  const { iss, user } = parameters;
  const { provider, connection } = connected;
  const answer = { code: decision.code, iss, user };
  const account = await connection.identify(flowOf(app, call, transaction), answer);
  const fault = faultOfAccount(account, provider.id);
  if (fault !== null) throw badAnswer(`identify of ${provider.id}`, fault, "a ProviderAccount");
  return account;
}

// OAU-18: who comes back is who left. No cookie of a session comes along with a form post, and none that is Strict: then
// the sealed transaction says who that was.
async function requireSession(app: App, call: Call, asker: Asker): Promise<void> {
  const proven = await provenSessions(app, call.credentials);
  const isHere = proven.length === 0 || proven.includes(asker.sessionId);
  if (!isHere || !(await isSignedIn(app, asker))) throw new AuthError("oauth_state_invalid");
}

interface Arrival {
  readonly transaction: Transaction;
  readonly account: ProviderAccount;
  /** The end of the flow's own cookie. */
  readonly gone: readonly CookieChange[];
}

async function arrive(app: App, call: Call, { transaction, account, gone }: Arrival): Promise<Response> {
  const { intent, replaces } = transaction;
  const target = landingOf(app, call, transaction);
  const found = await (intent.kind === "link" ? linkToUser(app, intent, account) : findUserOf(app, account));
  if (intent.kind === "native") {
    target.searchParams.set(
      "code",
      await issueCode(app, found, { account, codeChallenge: intent.codeChallenge }),
    );
    return redirect(target, headersOf(app, gone));
  }
  const { succeeds } = found;
  const how: SignIn = {
    transport: "cookie",
    amr: ["fed"],
    replaces,
    succeeds,
    account,
    refusal: "forbidden",
  };
  try {
    const { tokens } = await signIn(app, call, found.user, how);
    await keepTokens(app, account);
    const changes = [...gone, ...expireFormer(call.site, call.credentials), ...cookiesOf(call.site, tokens)];
    return redirect(target, headersOf(app, changes));
  } catch (error) {
    // Nobody is left with an account, or a link, that they were told they do not have.
    await takeBack(app, found.user.id, { made: found.made, account }).catch(() => undefined);
    throw error;
  }
}

function failed(
  app: App,
  call: Call,
  { error, transaction, gone }: Omit<Arrival, "account"> & { readonly error: unknown },
): Response {
  const code = codeOf(app, error);
  const { provider } = transaction;
  app.engine.emit({ type: "oauth.failed", provider, code, error: faultName(error) });
  // A flow that is not this browser's, or is over, leads nowhere.
  if (code === "oauth_state_invalid") return answerError(app, error, gone);
  return redirect(withError(landingOf(app, call, transaction), code), headersOf(app, gone));
}
