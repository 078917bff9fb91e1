import {
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  type ClientAuth,
  ClientSecretPost,
  expectNoState,
  modifyAssertion,
  None,
  PrivateKeyJwt,
  validateAuthResponse,
} from "oauth4webapi";
import { toBase64, utf8 } from "../platform/bytes.ts";
import { type Env, now } from "../platform/env.ts";
import { parseJson } from "../platform/json.ts";
import { minutes } from "../platform/time.ts";
import type { ProviderTokens } from "../users/user.ts";
import type { Client } from "./arctic.ts";
import { oauthFault } from "./fault.ts";
import type { OAuthAnswer, OAuthFlow } from "./provider.ts";
import { requestOptions } from "./provider-metadata.ts";
import { readTokens, TOKEN_STATUSES } from "./request.ts";

/** The key by which a client signs its own secret, as Apple wants it. */
export interface SecretSigner {
  readonly teamId: string;
  readonly keyId: string;
  /** PKCS #8, on P-256. */
  readonly key: Uint8Array<ArrayBuffer>;
}

/** One exchange of a code for tokens. */
export interface TokenRequest {
  readonly env: Env;
  readonly provider: AuthorizationServer;
  readonly client: Client & { readonly signer?: SecretSigner };
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
    await authenticationOf(env, provider, client),
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

async function authenticationOf(
  env: Env,
  provider: AuthorizationServer,
  { clientSecret, signer }: TokenRequest["client"],
): Promise<ClientAuth> {
  if (signer !== undefined) return signedSecret(env, signer);
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

/** A client secret that is a JWT: the assertion of `private_key_jwt` (RFC 7523 3), with other claims, in the place of a secret. */
async function signedSecret(env: Env, { teamId, keyId, key }: SecretSigner): Promise<ClientAuth> {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const imported = await crypto.subtle.importKey("pkcs8", key, curve, false, ["sign"]);
  const sign = PrivateKeyJwt(
    { key: imported, kid: keyId },
    {
      [modifyAssertion](_, claims) {
        const iat = now(env);
        claims["iss"] = teamId;
        claims["iat"] = iat;
        claims["exp"] = iat + minutes(5);
        claims["jti"] = undefined;
        claims["nbf"] = undefined;
      },
    },
  );
  return async (provider, client, body, headers) => {
    const form = new URLSearchParams();
    await sign(provider, client, form, headers);
    return ClientSecretPost(form.get("client_assertion") ?? "")(provider, client, body, headers);
  };
}
