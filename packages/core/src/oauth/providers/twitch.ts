import { textOf } from "../../platform/encoding.ts";
import type { IdClaims } from "../id-token.ts";
import { type Profile, readOpenIdProfile } from "../profile.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import { type ConfidentialOptions, checkOptions } from "./options.ts";

// https://dev.twitch.tv/docs/authentication/getting-tokens-oidc
const ISSUER = "https://id.twitch.tv/oauth2";
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/keys`,
  token_endpoint_auth_methods_supported: ["client_secret_post"],
};
const EMAIL_SCOPE = "user:read:email";

/** Twitch checked an address once, and has no mailboxes of its own. */
const TRUST = { domains: [] };

/**
 * Lets users sign in with Twitch.
 *
 * No address is proof, unless `trustEmail` says otherwise: a new user has a verified one unverified. Without the scope
 * `user:read:email` Twitch tells no address.
 *
 * @example
 * createAuth({ store, providers: [twitch({ clientId, clientSecret })] });
 */
export function twitch(options: ConfidentialOptions): OAuthProvider {
  const scopes = ["openid", EMAIL_SCOPE];
  const checked = checkOptions(options, { id: "twitch", scopes, trustEmail: TRUST });
  const authorizationParams = { claims: claimsFor(checked.scopes), ...checked.authorizationParams };
  const definition = { ...checked, authorizationParams, metadata: METADATA, profile: readTwitchProfile };
  return defineProvider(checked, async (env) => {
    const { connectOpenId } = await import("../openid.ts");
    return connectOpenId(definition, env);
  });
}

// OpenID Connect Core 5.5: without it the ID token names the subject alone.
function claimsFor(scopes: readonly string[]): string {
  const names = ["preferred_username", "picture"];
  if (scopes.includes(EMAIL_SCOPE)) names.push("email", "email_verified");
  return JSON.stringify({ id_token: Object.fromEntries(names.map((name) => [name, null])) });
}

function readTwitchProfile(claims: IdClaims): Profile {
  return { ...readOpenIdProfile(claims), name: textOf(claims, "preferred_username") };
}
