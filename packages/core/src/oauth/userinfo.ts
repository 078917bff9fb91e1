import { processUserInfoResponse, userInfoRequest } from "oauth4webapi";
import { isRecord, own, parseJson } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { IdClaims } from "./id-token.ts";
import type { VerifiedSignIn } from "./openid.ts";
import { oauthFault } from "./provider.ts";
import { requestOptions } from "./request.ts";
/**
 * Asks userinfo, where the provider has it (OpenID Connect Core 5.3). Fails with `oauth_failed`, also where it is of another
 * subject.
 */
export async function withUserinfo(
  env: Env,
  { metadata, clientId, accessToken, claims }: VerifiedSignIn,
): Promise<IdClaims> {
  if (metadata.userinfo_endpoint === undefined) return claims;
  const client = { client_id: clientId };
  const options = requestOptions(env, metadata);
  const response = await userInfoRequest(metadata, client, accessToken, options).catch((error: unknown) => {
    // A header cannot carry every access token.
    throw error instanceof AuthError ? error : oauthFault("unreachable");
  });
  const told = parseJson(await response.clone().text());
  if (!isRecord(told)) throw oauthFault("no_json");
  // Without this, an access token for one user could be combined with the e-mail address of another.
  await processUserInfoResponse(metadata, client, String(own(claims, "sub")), response).catch(() => {
    throw oauthFault("userinfo_subject");
  });
  return mergeUserinfo(claims, told);
}

/** Adds the claims of userinfo to those of a verified ID token, which take precedence (OpenID Connect Core 5.3.2). */
export function mergeUserinfo(claims: IdClaims, told: IdClaims): IdClaims {
  const merged = { ...told, ...claims };
  // `email_verified` is about the address beside it: it never vouches for another address.
  const about = [claims, told].filter((said) => own(said, "email") === own(merged, "email"));
  const verified = about.map((said) => own(said, "email_verified")).find((word) => word !== undefined);
  return verified === own(merged, "email_verified")
    ? merged
    : { ...merged, email_verified: verified ?? false };
}
