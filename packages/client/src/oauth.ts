import { type Address, noPageFailure } from "./address.ts";
import type { Page } from "./env.ts";
import type { Lock } from "./lock.ts";
import { type Result, success } from "./result.ts";

/** What `signIn.oauth` takes. */
export interface OAuthOptions {
  /**
   * The page that the user comes back to, of the server's origin or of one in its `trustedOrigins`. Default: this page,
   * without its query.
   */
  readonly redirectTo?: string | undefined;
  /**
   * For native apps: the S256 challenge of a code verifier (RFC 7636 4.2). The redirect then carries a code for
   * `signIn.exchange`. Default none.
   */
  readonly codeChallenge?: string | undefined;
  /** The token of an invitation, if the sign-in may create a user. The account at the provider must have the invited address. Default none. */
  readonly invitation?: string | undefined;
  /** Whether the session outlives the browser. Default true. */
  readonly remember?: boolean | undefined;
}

/** The answer of `signIn.oauth`. */
export interface OAuthStart {
  /** The URL where the sign-in begins. Without a page that can navigate there, open it in the system's browser. */
  readonly url: string;
}

/** The objects that `startOAuth` uses. */
export interface OAuthParts {
  readonly lock: Lock;
  readonly address: Address;
  readonly page: Page | null;
}

/** Navigates to `GET /oauth/:provider`, after the requests under way, so that no late answer replaces the new session. */
export async function startOAuth(
  { lock, address: { urlOf, absolute }, page }: OAuthParts,
  provider: string,
  { redirectTo, codeChallenge, invitation, remember = true }: OAuthOptions,
): Promise<Result<OAuthStart>> {
  const start = urlOf(`/oauth/${encodeURIComponent(provider)}`);
  if (start === null) return noPageFailure();
  const currentPage = page?.href().replace(/[?#].*$/, "") ?? "/";
  const target = encodeURIComponent(redirectTo === undefined ? currentPage : absolute(redirectTo));
  const native = codeChallenge === undefined ? "" : `&transport=bearer&code_challenge=${codeChallenge}`;
  const invited = invitation === undefined ? "" : `&invitation=${encodeURIComponent(invitation)}`;
  const url = `${start}?redirect_to=${target}${native}${invited}${remember ? "" : "&remember=false"}`;
  const navigate = async (): Promise<Result<OAuthStart>> => {
    page?.navigate(url);
    return success({ url });
  };
  return lock.run(navigate, navigate);
}
