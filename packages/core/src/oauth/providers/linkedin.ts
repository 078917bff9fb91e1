import { defineProvider, type OAuthProvider } from "../provider.ts";
import { type ConfidentialOptions, checkOptions } from "./options.ts";

const METADATA = {
  // The discovery document and the tokens name it since 2024: https://github.com/keycloak/keycloak/issues/28686
  issuer: "https://www.linkedin.com/oauth",
  authorization_endpoint: "https://www.linkedin.com/oauth/v2/authorization",
  token_endpoint: "https://www.linkedin.com/oauth/v2/accessToken",
  jwks_uri: "https://www.linkedin.com/oauth/openid/jwks",
  userinfo_endpoint: "https://api.linkedin.com/v2/userinfo",
  token_endpoint_auth_methods_supported: ["client_secret_post"],
};

/** LinkedIn checked an address once, and nothing but `state` binds its answer to the browser. */
const TRUST = { domains: [] };

/**
 * Lets users sign in with LinkedIn, by its product "Sign In with LinkedIn using OpenID Connect".
 *
 * LinkedIn refuses PKCE from a client with a secret, and its ID tokens have no nonce. `state` alone binds its answer to the
 * browser: an attacker who gets hold of a code before it is redeemed can sign in as its owner (RFC 9700 4.5).
 *
 * No address is proof, unless `trustEmail` says otherwise: a new user has a verified one unverified.
 *
 * @example
 * createAuth({ store, providers: [linkedin({ clientId, clientSecret })] });
 */
export function linkedin(options: ConfidentialOptions): OAuthProvider {
  const scopes = ["openid", "profile", "email"];
  const checked = checkOptions(options, { id: "linkedin", scopes, trustEmail: TRUST });
  // https://github.com/UsefulSoftwareCo/executor/issues/2087, and linkedin-developers/linkedin-api-js-client/issues/34.
  const without = { withoutPkce: true, withoutNonce: true };
  return defineProvider(checked, async (env) => {
    const { connectOpenId, withUserinfo } = await import("../openid.ts");
    return connectOpenId({ ...checked, ...without, metadata: METADATA, withUserinfo }, env);
  });
}
