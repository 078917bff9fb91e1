import { parseSegment, splitJws } from "../keys/jws.ts";
import { own } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import type { ProviderAccount } from "../users/user.ts";
import { oauthFault } from "./fault.ts";
import { type IdClaims, verifyIdToken } from "./id-token.ts";
import { checkProfile, type Profile, readOpenIdProfile } from "./profile.ts";
import type { GivenIdToken, OAuthAnswer } from "./provider.ts";
import type { Issuer, IssuerKeys } from "./provider-metadata.ts";
import { hashedNonce } from "./token-nonce.ts";

const MAX_LENGTH = 16_384;

/** The part of an OpenID provider that an ID token needs. */
interface TokenDefinition {
  readonly id: string;
  readonly idTokenAudiences?: readonly string[];
  readonly issuerOf?: (claims: IdClaims) => string | null;
  readonly profile?: (claims: IdClaims, answer: OAuthAnswer) => Profile;
}

/**
 * Decides for which of our apps an ID token is: its one audience is one of `audiences`, and so is its `azp` where it has one
 * (OpenID Connect Core 3.1.3.7, steps 3 to 5). Null refuses it.
 */
export function decideApp(claims: IdClaims, audiences: readonly string[]): string | null {
  const [audience, party] = [own(claims, "aud"), own(claims, "azp")];
  const only: unknown = Array.isArray(audience) && audience.length === 1 ? audience[0] : audience;
  if (party !== undefined && !audiences.some((one) => one === party)) return null;
  return audiences.find((one) => one === only) ?? null;
}

/**
 * Turns an ID token that an app got from the provider into an identity, with the checks of a callback. The token must have the nonce
 * or its SHA-256. There is no access token: `at_hash` is not checked, and userinfo is not asked. Fails with `oauth_failed`.
 */
export async function identifyByToken(
  env: Env,
  { id, idTokenAudiences = [], issuerOf, profile = readOpenIdProfile }: TokenDefinition,
  { metadata, keys }: Issuer,
  { idToken, nonce, name }: GivenIdToken,
): Promise<ProviderAccount> {
  const told = readUnverified(idToken);
  const clientId = decideApp(told, idTokenAudiences);
  if (clientId === null) throw oauthFault("id_token_audience");
  // Any client may send a token, so an unknown key id is no reason to ask the provider each time (JWT-05).
  const keysForClient: IssuerKeys = (fits, isSignedBy) => keys(fits, isSignedBy, "client");
  const claims = await verifyIdToken(env, idToken, keysForClient, {
    issuer: issuerOf ?? (() => metadata.issuer),
    clientId,
    authorizedParties: idTokenAudiences,
    nonce: nonceIn(told, nonce),
    accessToken: null,
  });
  const read = profile(claims, { code: "", iss: null, user: null });
  const tokens = { accessToken: "", refreshToken: null, idToken, expiresIn: null, scope: null };
  return { provider: id, ...checkProfile({ ...read, name: read.name ?? name }, claims), tokens };
}

// Both texts come from this nonce alone, so either binds the token to it (OpenID Connect Core 3.1.3.7, step 11).
function nonceIn(told: IdClaims, nonce: string): string {
  const hashed = hashedNonce(nonce);
  return own(told, "nonce") === hashed ? hashed : nonce;
}

/** Reads the claims that choose what the token is then verified for. */
function readUnverified(idToken: string): IdClaims {
  const segments = splitJws(idToken, MAX_LENGTH);
  const told = segments === null ? null : parseSegment(segments[1]);
  if (told === null) throw oauthFault("id_token_form");
  return told;
}
