import { AuthError } from "../platform/errors.ts";

/** Why a sign-in with a provider failed, for the operator. The words are ours: they hold nothing from the provider. */
const faults = {
  unreachable: "the provider cannot be reached",
  late: "the provider takes too long",
  redirected: "the provider redirects where an answer belongs",
  status: "the provider answers with an unexpected status",
  too_large: "the provider's answer is too large",
  no_json: "the provider's answer is no JSON",
  metadata: "the provider's metadata is incomplete, or of another issuer",
  issuer: "the callback names another issuer, or none where the provider announces one",
  code_refused: "the provider refuses the code",
  token_answer: "the provider's token answer is malformed",
  id_token_missing: "the provider sends no ID token",
  id_token_form: "the ID token is malformed, or signed by an algorithm that is not allowed",
  id_token_signature: "the ID token's signature is not the provider's",
  id_token_issuer: "the ID token is of another issuer",
  id_token_audience: "the ID token is for another client",
  id_token_time: "the ID token has expired, or says no credible time",
  id_token_nonce: "the ID token belongs to another sign-in",
  id_token_access: "the ID token belongs to another access token",
  subject: "the provider does not say who it is",
  userinfo_subject: "the userinfo is of another user",
  provider_error: "the provider reports an error",
} as const;

export type OAuthFault = keyof typeof faults;

/** Facts about a fault: the host of the endpoint, and the provider's own words, which `cleanWords` made safe to log. */
export interface FaultDetails {
  readonly host?: string;
  readonly status?: string;
  /** RFC 6749 5.2. */
  readonly error?: string;
  readonly description?: string;
  /** The issuer that the provider names. */
  readonly issuer?: string;
  /** Whether it was the request for the discovery document. */
  readonly step?: "discovery";
}

/** The error for a fault of a provider. With a cause, which must not come from the provider, it is reported to `onError`. */
export function oauthFault(fault: OAuthFault, cause?: unknown, details: FaultDetails = {}): AuthError {
  const told = { fault, ...details };
  return new AuthError("oauth_failed", faults[fault], null, {
    details: told,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The host of an endpoint, as it is shown; "" for a text that is no URL. */
export function hostOf(url: string): string {
  return URL.parse(url)?.host ?? "";
}
