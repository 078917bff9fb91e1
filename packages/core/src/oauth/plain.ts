import type { Env } from "../platform/env.ts";
import type { Seconds } from "../platform/time.ts";
import { oauthFault } from "./fault.ts";
import { type AuthorizationParams, addParams } from "./parameters.ts";
import { checkProfile, type Profile } from "./profile.ts";
import type { OAuthConnection } from "./provider.ts";
import { authorizationUrl, type Channel, type Client, getJson, requestTokens, sentFlow } from "./request.ts";

/**
 * Gets a JSON document of the provider with the access token, within the limits on a provider's answer. Fails with
 * `oauth_failed`, and the sign-in with it.
 *
 * With `optional: true` it returns null where the provider answers 403 or 404: the registration of the application may not read
 * this, or the account has none. Any other failure may be over at the next sign-in, so it still fails this one.
 */
export type GetJson = (
  url: string,
  headers?: Readonly<Record<string, string>>,
  options?: { readonly optional?: boolean },
) => Promise<unknown>;

/** An account as it was read, and the answer of the provider that it was read from. */
export interface ReadAccount {
  readonly profile: Profile;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A provider that issues access tokens and no identity, which has to be asked for. */
export interface PlainDefinition {
  readonly id: string;
  readonly client: Client;
  readonly scopes: readonly string[];
  readonly timeout: Seconds;
  readonly authorizationParams: AuthorizationParams;
  /** For a provider that refuses a code verifier. Default false. */
  readonly withoutPkce?: boolean;
  /** By the names of RFC 8414. The issuer is never compared: the provider sends none. */
  readonly metadata: {
    readonly issuer: string;
    readonly authorization_endpoint: string;
    readonly token_endpoint: string;
    readonly token_endpoint_auth_methods_supported?: string[];
  };
  /** Asks for the identity; null where the answer is about no account. */
  readonly read: (get: GetJson, accessToken: string) => Promise<ReadAccount | null>;
}

/** Connects to a provider of plain OAuth 2.0 (RFC 6749). */
export function connectPlain(
  { id, client, scopes, timeout, authorizationParams, metadata, withoutPkce, read }: PlainDefinition,
  env: Env,
): OAuthConnection {
  const channel = { env, timeout };
  return {
    authorizationUrl: async (flow, passed = {}) => {
      const sent = sentFlow(flow, withoutPkce);
      const url = authorizationUrl(metadata.authorization_endpoint, client.clientId, sent, scopes);
      return addParams(url, passed, authorizationParams);
    },

    async identify(flow, { code }) {
      const answer = { code, iss: null };
      const sent = sentFlow(flow, withoutPkce);
      const tokens = await requestTokens({ channel, provider: metadata, client, flow: sent, answer });
      const { accessToken } = tokens;
      const account = await read(getWith(channel, accessToken), accessToken);
      if (account === null) throw oauthFault("no_json");
      return { provider: id, ...checkProfile(account.profile, account.claims), tokens };
    },
  };
}

function getWith(channel: Channel, accessToken: string): GetJson {
  return (url, headers = {}, options = {}) =>
    getJson(channel, url, { authorization: `Bearer ${accessToken}`, ...headers }, options);
}
