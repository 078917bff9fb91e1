import { type Address, withoutPage } from "./address.ts";
import type { Keeper } from "./keeper.ts";
import { type Result, success } from "./result.ts";

export interface OAuthOptions {
  /** A page of the server's origin or of one in its `trustedOrigins`. Default: this page, without its query. */
  readonly redirectTo?: string | undefined;
  /** The challenge of a native app's verifier, by S256 (RFC 7636 4.2): what comes back then is a code to exchange. */
  readonly codeChallenge?: string | undefined;
}

export interface OAuthStart {
  /** Where the sign-in begins. Where there is no page to lead there, open it in the system's browser. */
  readonly url: string;
}

/** Leads the page to `GET /oauth/:provider`, after whatever is under way: no late answer meets the new session. */
export async function startOAuth(
  { turns, env: { page } }: Keeper,
  { urlOf, absolute }: Address,
  provider: string,
  { redirectTo, codeChallenge }: OAuthOptions,
): Promise<Result<OAuthStart>> {
  const start = urlOf(`/oauth/${encodeURIComponent(provider)}`);
  if (start === null) return withoutPage();
  const here = page?.href().replace(/[?#].*$/, "") ?? "/";
  const target = encodeURIComponent(redirectTo === undefined ? here : absolute(redirectTo));
  const native = codeChallenge === undefined ? "" : `&transport=bearer&code_challenge=${codeChallenge}`;
  const url = `${start}?redirect_to=${target}${native}`;
  const go = async (): Promise<Result<OAuthStart>> => {
    page?.navigate(url);
    return success({ url });
  };
  return turns.take(go, go);
}
