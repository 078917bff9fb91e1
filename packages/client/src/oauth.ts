import type { Keeper } from "./keeper.ts";
import { type Result, success } from "./result.ts";

export interface OAuthOptions {
  /** A page of the server's origin or of one in its `trustedOrigins`. Default: this page, without its query. */
  readonly redirectTo?: string;
  /** The challenge of a native app's verifier, by S256 (RFC 7636 4.2): what comes back then is a code to exchange. */
  readonly codeChallenge?: string;
}

export interface OAuthStart {
  /** Where the sign-in begins. Where there is no page to lead there, open it in the system's browser. */
  readonly url: string;
}

/** Leads the page to `GET /oauth/:provider`, after whatever is under way: no late answer meets the new session. */
export function startOAuth<U, C>(
  { turns, env: { page } }: Keeper<U, C>,
  start: string,
  { redirectTo, codeChallenge }: OAuthOptions,
): Promise<Result<OAuthStart>> {
  const url = new URL(start);
  const target = redirectTo ?? (page === null ? undefined : withoutQuery(page.href()));
  if (target !== undefined) url.searchParams.set("redirect_to", new URL(target, page?.href()).href);
  if (codeChallenge !== undefined) {
    url.searchParams.set("transport", "bearer");
    url.searchParams.set("code_challenge", codeChallenge);
  }
  const go = async (): Promise<Result<OAuthStart>> => {
    page?.navigate(url.href);
    return success({ url: url.href });
  };
  return turns.take(go, go);
}

function withoutQuery(href: string): string {
  const { origin, pathname } = new URL(href);
  return origin + pathname;
}
