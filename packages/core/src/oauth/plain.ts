import {
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  type ClientAuth,
  ClientSecretPost,
  expectNoState,
  None,
  validateAuthResponse,
} from "oauth4webapi";
import { parseJson, toBase64, utf8 } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import type { ProviderTokens } from "../users/user.ts";
import { authorizationUrl, type Client } from "./arctic.ts";
import { oauthFault } from "./fault.ts";
import { checkProfile, type Profile } from "./profile.ts";
import type { OAuthAnswer, OAuthConnection, OAuthFlow } from "./provider.ts";
import { requestOptions } from "./provider-metadata.ts";
import { getJson, readTokens, TOKEN_STATUSES } from "./request.ts";

/** Gets a JSON document of the provider with the access token, within the limits on a provider's answer. */
export type GetJson = (url: string, headers?: Readonly<Record<string, string>>) => Promise<unknown>;

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
  /** By the names of RFC 8414. The issuer is never compared: the provider sends none. */
  readonly metadata: {
    readonly issuer: string;
    readonly authorization_endpoint: string;
    readonly token_endpoint: string;
  };
  /** Asks for the identity; null where the answer is about no account. */
  readonly read: (get: GetJson) => Promise<ReadAccount | null>;
}

/** Connects to a provider of plain OAuth 2.0 (RFC 6749). */
export function connectPlain(
  { id, client, scopes, metadata, read }: PlainDefinition,
  env: Env,
): OAuthConnection {
  return {
    authorizationUrl: async (flow) =>
      authorizationUrl(metadata.authorization_endpoint, client.clientId, flow, scopes),

    async identify(flow, { code }) {
      const answer = { code, iss: null };
      const tokens = await requestTokens({ env, provider: metadata, client, flow, answer });
      const account = await read(getWith(env, tokens.accessToken));
      if (account === null) throw oauthFault("no_json");
      return { provider: id, ...checkProfile(account.profile, account.claims), tokens };
    },
  };
}

function getWith(env: Env, accessToken: string): GetJson {
  return (url, headers = {}) => getJson(env, url, { authorization: `Bearer ${accessToken}`, ...headers });
}

/** One exchange of a code for tokens. */
export interface TokenRequest {
  readonly env: Env;
  readonly provider: AuthorizationServer;
  readonly client: Client;
  readonly flow: OAuthFlow;
  readonly answer: Pick<OAuthAnswer, "code" | "iss">;
}

/** Exchanges a code for tokens (RFC 6749 4.1.3). Fails with `oauth_failed`. */
export async function requestTokens({
  env,
  provider,
  client,
  flow: { redirectUri, codeVerifier },
  answer,
}: TokenRequest): Promise<ProviderTokens> {
  const parameters = validateCallback(provider, client, answer);
  const response = await authorizationCodeGrantRequest(
    provider,
    { client_id: client.clientId },
    authenticationOf(provider, client),
    parameters,
    redirectUri,
    codeVerifier,
    requestOptions(env, provider, TOKEN_STATUSES),
  );
  if (response.status !== 200) throw oauthFault("code_refused");
  return readTokens(parseJson(await response.text()));
}

// RFC 9207 2.4, before the code is sent: an answer of another issuer is a mix-up. The state was checked and spent before.
function validateCallback(
  provider: AuthorizationServer,
  { clientId }: Client,
  { code, iss }: Pick<OAuthAnswer, "code" | "iss">,
): URLSearchParams {
  // oauth4webapi accepts an empty issuer where none is announced.
  if (iss === "") throw oauthFault("issuer");
  const parameters = new URLSearchParams({ code, ...(iss === null ? {} : { iss }) });
  try {
    return validateAuthResponse(provider, { client_id: clientId }, parameters, expectNoState);
  } catch {
    throw oauthFault("issuer");
  }
}

function authenticationOf(provider: AuthorizationServer, { clientSecret }: Client): ClientAuth {
  if (clientSecret === null) return None();
  // OpenID Connect Discovery 3: a provider that lists no methods accepts Basic.
  const methods = provider.token_endpoint_auth_methods_supported;
  const isPost = methods !== undefined && !methods.includes("client_secret_basic");
  return isPost ? ClientSecretPost(clientSecret) : secretBasic(clientSecret);
}

/**
 * RFC 6749 2.3.1 and appendix B. `ClientSecretBasic` of oauth4webapi also escapes `-`, `_` and `.`, which servers that do not
 * decode the credentials then read as another secret.
 */
function secretBasic(clientSecret: string): ClientAuth {
  return (_, client, __, headers) => {
    const credentials = `${encodeURIComponent(client.client_id)}:${encodeURIComponent(clientSecret)}`;
    headers.set("authorization", `Basic ${toBase64(utf8(credentials))}`);
  };
}
