import type { EndSessionRequest } from "../oauth/provider.ts";
import { decideRedirect } from "../oauth/redirect.ts";
import { badAnswer, callAndWait, kindOf } from "../platform/callback-answer.ts";
import { AuthError } from "../platform/errors.ts";
import { checkMembers, type MembersOf } from "../platform/option-error.ts";
import type { UserId } from "../users/user.ts";
import type { App } from "./app.ts";
import { readKeptTokens } from "./oauth-identity.ts";

/** The options of `auth.users.endSessionURL`. */
export interface EndSessionOptions {
  /**
   * The page that the provider sends the browser back to: a path, or a URL of a trusted origin, by the rules of `redirect_to`. A path
   * needs `baseURL`. The provider compares the whole URL with those of its registration. Default a page of the provider.
   */
  readonly redirectTo?: string;
  /** Comes back with the browser as `state`, of at most 512 characters. Default none. */
  readonly state?: string;
}

const OPTIONS: MembersOf<EndSessionOptions> = { redirectTo: null, state: null };
const MAX_STATE = 512;

/**
 * Makes the URL that signs a user out at a provider; null if the provider has no such page. Fails with
 * `not_found`, `redirect_not_allowed`, `invalid_request` or `oauth_failed`.
 */
export async function endSessionURL(
  app: App,
  userId: UserId,
  provider: string,
  options: EndSessionOptions = {},
): Promise<string | null> {
  checkMembers("users.endSessionURL", options, OPTIONS);
  const connected = app.oauth.get(provider);
  if (connected === undefined) throw new AuthError("not_found");
  const { connection, provider: described } = connected;
  const checked = checkOptions(app, options);
  const kept = described.storeTokens ? await readKeptTokens(app, userId, provider) : null;
  const sent = { idTokenHint: kept?.idToken ?? null, ...checked };
  const operation = `endSessionURL of ${provider}`;
  const url = await callAndWait(operation, () => connection.endSessionURL?.(sent) ?? null);
  if (url === null) return null;
  if (!(url instanceof URL)) throw badAnswer(operation, kindOf(url), "a URL or null");
  return url.href;
}

function checkOptions(app: App, options: EndSessionOptions): Omit<EndSessionRequest, "idTokenHint"> {
  const { redirectTo, state = null } = options;
  if (state !== null && !isState(state)) {
    throw new AuthError("invalid_request", "users.endSessionURL: state is malformed.");
  }
  return { postLogoutRedirectUri: redirectTo === undefined ? null : requireTarget(app, redirectTo), state };
}

function isState(state: string): boolean {
  return state !== "" && state.length <= MAX_STATE && !/\p{C}/u.test(state);
}

// RP-Initiated Logout 3: the provider redirects there. RFC 9700 4.11.1: to our own pages and trusted ones alone.
function requireTarget({ config: { baseURL, basePath, trustedOrigins } }: App, target: string): string {
  const ownOrigin = baseURL?.origin ?? NO_ORIGIN;
  const allowed = decideRedirect(target, { basePath, trustedOrigins, native: false, ownOrigin });
  if (allowed === null || allowed.origin === NO_ORIGIN) {
    const rule = "redirectTo must be a path of the application, with baseURL, or a URL of trustedOrigins";
    throw new AuthError("redirect_not_allowed", `users.endSessionURL: ${rule}.`);
  }
  return allowed.href;
}

/** Resolves a path where no origin is known. RFC 2606: no such host exists. */
const NO_ORIGIN = "https://path.invalid";
