import type { App } from "../../app/app.ts";
import { AuthError } from "../../errors.ts";
import { isChallenge } from "../../oauth/pkce.ts";
import type { Intent } from "../../oauth/transaction.ts";
import type { User } from "../../users/store.ts";
import { codeOf } from "../fault.ts";
import { beginFlow, providerOf, targetOf } from "../flow.ts";
import { limitClient } from "../limit.ts";
import { requireNavigation } from "../navigation.ts";
import { redirect, withError } from "../redirect.ts";
import { headersOf, type Route, segment } from "../route.ts";

/** `GET /oauth/:provider`: sends the browser to the provider. */
export const oauthStart: Route = async (app, call) => {
  const provider = providerOf(app, segment(call, 1));
  requireNavigation(call);
  const query = new URL(call.request.url).searchParams;
  const intent = intentOf(query);
  const redirectTo = targetOf(app, call, query.getAll("redirect_to"), intent.kind === "native");
  await limitClient(app, "signIn", call.request);
  try {
    const { url, changes } = await beginFlow(app, call, { provider, redirectTo, intent });
    return redirect(url, headersOf(app, changes));
  } catch (error) {
    return failed(app, error, provider.provider.id, redirectTo);
  }
};

/** Reads who begins: a browser, or an app that will exchange a code with its verifier (RFC 8252, RFC 7636). */
function intentOf(query: URLSearchParams): Intent {
  const [transport = "cookie", ...more] = query.getAll("transport");
  if (more.length > 0 || (transport !== "cookie" && transport !== "bearer")) {
    throw new AuthError("invalid_request", 'transport is "cookie" or "bearer".');
  }
  if (transport === "cookie") return { kind: "sign_in" };
  const [codeChallenge = "", ...others] = query.getAll("code_challenge");
  const method = query.get("code_challenge_method") ?? "S256";
  if (others.length > 0 || method !== "S256" || !isChallenge(codeChallenge)) {
    throw new AuthError("invalid_request", "transport=bearer needs code_challenge, by S256.");
  }
  return { kind: "native", codeChallenge };
}

function failed<Context, U extends User>(
  app: App<Context, U>,
  error: unknown,
  provider: string,
  redirectTo: URL,
): Response {
  if (!(error instanceof AuthError) || error.code !== "oauth_failed") throw error;
  app.engine.emit({ type: "oauth.failed", provider, code: error.code, error: error.message });
  return redirect(withError(redirectTo, codeOf(app, error)), headersOf(app, []));
}
