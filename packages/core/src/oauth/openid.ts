import { processUserInfoResponse, userInfoRequest } from "oauth4webapi";
import { isRecord, own, parseJson } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { Seconds } from "../platform/time.ts";
import { identifyByToken } from "./app-token.ts";
import { endSessionUrl } from "./end-session.ts";
import { oauthFault } from "./fault.ts";
import { type IdClaims, verifyIdToken } from "./id-token.ts";
import { verifyLogoutToken } from "./logout-token.ts";
import { type AuthorizationParams, addParams } from "./parameters.ts";
import { checkProfile, type Profile, readOpenIdProfile } from "./profile.ts";
import type { OAuthAnswer, OAuthConnection, OAuthProvider } from "./provider.ts";
import { type Issuer, issuerFrom, type MetadataSource, type ProviderMetadata } from "./provider-metadata.ts";
import {
  authorizationUrl,
  type Channel,
  type Client,
  type InternalPlace,
  requestOptions,
  requestTokens,
  sentFlow,
  WITHHELD,
} from "./request.ts";

/** An OpenID provider as data. */
export interface OpenIdDefinition {
  readonly id: string;
  readonly client: Client;
  /** Makes the secret of one token request, where it is no constant. */
  readonly secret?: (env: Env) => Promise<string>;
  readonly scopes: readonly string[];
  readonly timeout: Seconds;
  readonly authorizationParams: AuthorizationParams;
  /** For a provider that refuses a code verifier. Default false. */
  readonly withoutPkce?: boolean;
  /** For a provider whose ID tokens lack the nonce. Default false. */
  readonly withoutNonce?: boolean;
  /** Default "query". */
  readonly responseMode?: OAuthProvider["responseMode"];
  readonly trustedAudiences?: readonly string[];
  /** The clients whose apps may sign in by an ID token. Default none. */
  readonly idTokenAudiences?: readonly string[];
  readonly internal?: InternalPlace | null;
  readonly metadata: ProviderMetadata | ((channel: Channel) => MetadataSource);
  /** The issuer that a token must name by its other claims, where the provider has many issuers. */
  readonly issuerOf?: (claims: IdClaims) => string | null;
  /** Adds the claims of userinfo; left out where the ID token has them all. */
  readonly withUserinfo?: (channel: Channel, signIn: VerifiedSignIn) => Promise<IdClaims>;
  readonly profile?: (claims: IdClaims, answer: OAuthAnswer) => Profile;
}

/** A sign-in whose ID token is verified. */
export interface VerifiedSignIn {
  readonly metadata: ProviderMetadata;
  readonly clientId: string;
  readonly accessToken: string;
  /** Of the ID token. */
  readonly claims: IdClaims;
}

/** Connects to an OpenID provider (OpenID Connect Core 3.1): its ID token identifies the user. */
export function connectOpenId(definition: OpenIdDefinition, env: Env): OAuthConnection {
  const {
    id,
    client,
    scopes,
    withoutPkce,
    withoutNonce = false,
    responseMode,
    issuerOf,
    withUserinfo,
    profile = readOpenIdProfile,
  } = definition;
  const { clientId } = client;
  const channel = { env, timeout: definition.timeout, internal: definition.internal ?? null };
  const { metadata: source } = definition;
  const issuer = issuerFrom(channel, typeof source === "function" ? source(channel) : source);
  return {
    async authorizationUrl(flow, passed = {}) {
      const { metadata } = await issuer();
      const sent = sentFlow(flow, withoutPkce);
      const url = authorizationUrl(metadata.authorization_endpoint, clientId, sent, scopes);
      addParams(url, passed, definition.authorizationParams);
      url.searchParams.set("nonce", flow.nonce);
      if (responseMode === "form_post") url.searchParams.set("response_mode", "form_post");
      return url;
    },

    async identify(flow, answer) {
      const { metadata, keys } = await issuer();
      // A provider with many issuers is known by the issuer of its token alone.
      const iss = issuerOf === undefined ? answer.iss : null;
      const clientSecret = (await definition.secret?.(env)) ?? client.clientSecret;
      const tokens = await requestTokens({
        channel,
        provider: metadata,
        client: { clientId, clientSecret },
        flow: sentFlow(flow, withoutPkce),
        answer: { code: answer.code, iss },
      });
      if (tokens.idToken === null) throw oauthFault("id_token_missing");
      const { accessToken } = tokens;
      const verified = await verifyIdToken(env, tokens.idToken, keys, {
        issuer: issuerOf ?? (() => metadata.issuer),
        clientId,
        trustedAudiences: definition.trustedAudiences ?? [],
        nonce: flow.nonce,
        withoutNonce,
        accessToken,
      });
      const signIn = { metadata, clientId, accessToken, claims: verified };
      const claims = (await withUserinfo?.(channel, signIn)) ?? verified;
      return { provider: id, ...checkProfile(profile(claims, answer), claims), tokens };
    },

    ...callsByToken(env, definition, issuer),
  };
}

/** The calls that no flow in the browser belongs to. */
function callsByToken(
  env: Env,
  definition: OpenIdDefinition,
  issuer: () => Promise<Issuer>,
): Pick<OAuthConnection, "identifyToken" | "verifyLogout" | "endSessionURL"> {
  const { clientId } = definition.client;
  return {
    identifyToken: async (given) => identifyByToken(env, definition, await issuer(), given),
    verifyLogout: async (logoutToken) => verifyLogoutToken(env, logoutToken, await issuer(), clientId),
    async endSessionURL(sent) {
      const { metadata } = await issuer();
      return endSessionUrl(metadata.end_session_endpoint, clientId, sent);
    },
  };
}

/**
 * Asks userinfo, where the provider has it (OpenID Connect Core 5.3). Fails with `oauth_failed`, also where it is of another
 * subject.
 *
 * A provider that withholds it by 403 or 404 leaves the claims of the ID token, which identify the user. One that cannot be
 * reached fails the sign-in: it may have the address, and without it a first sign-in would make a second user for good.
 */
export async function withUserinfo(
  channel: Channel,
  { metadata, clientId, accessToken, claims }: VerifiedSignIn,
): Promise<IdClaims> {
  if (metadata.userinfo_endpoint === undefined) return claims;
  const client = { client_id: clientId };
  const options = requestOptions(channel, metadata, [200, ...WITHHELD]);
  const response = await userInfoRequest(metadata, client, accessToken, options).catch((error: unknown) => {
    // A header cannot carry every access token.
    throw error instanceof AuthError ? error : oauthFault("unreachable");
  });
  if (response.status !== 200) return claims;
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
