import { open, seal } from "../keys/seal.ts";
import { isVerifierOf } from "../oauth/transaction.ts";
import { isRecord, own, parseJson } from "../platform/encoding.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { Seconds } from "../platform/time.ts";
import { hashOneTimeToken, isOneTimeToken, mintOneTimeToken } from "../users/one-time-token.ts";
import type { ProviderAccount } from "../users/user.ts";
import type { App } from "./app.ts";
import type { CreatedBySignIn, FoundUser } from "./oauth-identity.ts";

/** The sign-in that a native app completes with its code. */
export interface NativeGrant {
  readonly userId: string;
  /** The version at the time of the callback. If the user's version differs at the exchange, the exchange fails. */
  readonly credentialsVersion: number;
  readonly created: CreatedBySignIn;
  readonly account: ProviderAccount;
  /** The token of an invitation, to redeem if the sign-in created the user. */
  readonly invitation?: string | undefined;
}

const PURPOSE = "oauth-exchange";
/** How long a code is valid. */
const CODE_LIFETIME: Seconds = 60;

/**
 * Issues the one-time code for the redirect to a native app (RFC 8252). The code seals the grant, and the store keeps
 * only the digest of the code, so a reader of the store cannot learn the provider's tokens.
 */
export async function issueCode(
  app: App,
  { user, created }: FoundUser,
  {
    account,
    codeChallenge,
    invitation,
  }: Pick<NativeGrant, "account" | "invitation"> & { readonly codeChallenge: string },
): Promise<string> {
  const { random } = app.env;
  const code = mintOneTimeToken(random);
  const { id: userId, credentialsVersion } = user;
  const grant: NativeGrant = { userId, credentialsVersion, created, account, invitation };
  const sealed = await seal(JSON.stringify(grant), code, PURPOSE, random);
  await app.tokens.put({
    hash: hashOneTimeToken(code, PURPOSE),
    purpose: PURPOSE,
    userId,
    data: { codeChallenge, sealed },
    expiresAt: now(app.env) + CODE_LIFETIME,
  });
  return code;
}

/** Redeems a code once, with the code verifier of the app that started the flow. Fails with `oauth_state_invalid`. */
export async function redeemCode(app: App, code: string, codeVerifier: string): Promise<NativeGrant> {
  const hash = hashOneTimeToken(code, PURPOSE);
  const kept = isOneTimeToken(code) ? await app.tokens.redeem(hash, PURPOSE, now(app.env)) : null;
  const { codeChallenge, sealed } = kept?.data ?? {};
  if (typeof codeChallenge !== "string" || typeof sealed !== "string")
    throw new AuthError("oauth_state_invalid");
  if (!isVerifierOf(codeVerifier, codeChallenge)) throw new AuthError("oauth_state_invalid");
  const text = await open(sealed, [code], PURPOSE);
  const grant = text === null ? null : parseJson(text);
  if (!isGrant(grant)) throw new AuthError("oauth_state_invalid");
  return grant;
}

function isGrant(value: unknown): value is NativeGrant {
  return isRecord(value) && typeof own(value, "userId") === "string" && isRecord(own(value, "account"));
}
