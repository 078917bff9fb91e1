import type { Env } from "../platform/env.ts";
import { authorizationUrl, type Client } from "./arctic.ts";
import { type IdClaims, verifyIdToken } from "./id-token.ts";
import { checkProfile, type Profile, readOpenIdProfile } from "./profile.ts";
import type { OAuthAnswer, OAuthConnection, OAuthProvider } from "./provider.ts";
import { oauthFault } from "./provider.ts";
import { issuerFrom, type MetadataSource, type ProviderMetadata } from "./provider-metadata.ts";
import { requestTokens } from "./request.ts";

/** An OpenID provider as data. */
export interface OpenIdDefinition {
  readonly id: string;
  readonly client: Client;
  /** Makes the secret of one token request, where it is no constant. */
  readonly secret?: (env: Env) => Promise<string>;
  readonly scopes: readonly string[];
  /** Default "query". */
  readonly responseMode?: OAuthProvider["responseMode"];
  readonly metadata: MetadataSource;
  /** The issuer that a token must name by its other claims, where the provider has many issuers. */
  readonly issuerOf?: (claims: IdClaims) => string | null;
  /** Adds the claims of userinfo; left out where the ID token has them all. */
  readonly withUserinfo?: (env: Env, signIn: VerifiedSignIn) => Promise<IdClaims>;
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
    responseMode,
    issuerOf,
    withUserinfo,
    profile = readOpenIdProfile,
  } = definition;
  const { clientId } = client;
  const issuer = issuerFrom(env, definition.metadata);
  return {
    async authorizationUrl(flow) {
      const { metadata } = await issuer();
      const url = authorizationUrl(metadata.authorization_endpoint, clientId, flow, scopes);
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
        env,
        provider: metadata,
        client: { clientId, clientSecret },
        flow,
        answer: { code: answer.code, iss },
      });
      if (tokens.idToken === null) throw oauthFault("id_token_missing");
      const { accessToken } = tokens;
      const verified = await verifyIdToken(env, tokens.idToken, keys, {
        issuer: issuerOf ?? (() => metadata.issuer),
        clientId,
        nonce: flow.nonce,
        accessToken,
      });
      const signIn = { metadata, clientId, accessToken, claims: verified };
      const claims = (await withUserinfo?.(env, signIn)) ?? verified;
      return { provider: id, ...checkProfile(profile(claims, answer), claims), tokens };
    },
  };
}
