import type { MembersOf } from "../../platform/option-error.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import {
  CONFIDENTIAL_MEMBERS,
  checkIssuer,
  checkIssuerOptions,
  checkOptions,
  ID_TOKEN_MEMBERS,
  type IdTokenOptions,
  ISSUER_MEMBERS,
  type IssuerOptions,
  LOGOUT_MEMBERS,
  type LogoutOptions,
  type ProviderOptions,
} from "./options.ts";

/** What `keycloak` takes. */
export interface KeycloakOptions extends ProviderOptions, IssuerOptions, IdTokenOptions, LogoutOptions {
  /** The URL of the realm, such as `https://id.example.com/realms/staff`. */
  readonly issuer: string;
  /** Without one the client is a public one. */
  readonly clientSecret?: string;
}

const OPTIONS: MembersOf<KeycloakOptions> = {
  ...CONFIDENTIAL_MEMBERS,
  ...ISSUER_MEMBERS,
  ...ID_TOKEN_MEMBERS,
  ...LOGOUT_MEMBERS,
  issuer: null,
};

/**
 * Lets users sign in with a realm of Keycloak, whose client must send its issuer along (RFC 9207), as it does by default.
 *
 * @example
 * createAuth({ store, providers: [keycloak({ issuer, clientId, clientSecret })] });
 */
export function keycloak(options: KeycloakOptions): OAuthProvider {
  const defaults = {
    id: "keycloak",
    scopes: ["openid", "email", "profile"],
    isPublic: true,
    members: OPTIONS,
  };
  const checked = checkOptions(options, defaults);
  const issuer = checkIssuer(checked.id, options.issuer).replace(/\/$/, "");
  const at = (name: string): string => `${issuer}/protocol/openid-connect/${name}`;
  const metadata = {
    issuer,
    authorization_endpoint: at("auth"),
    token_endpoint: at("token"),
    jwks_uri: at("certs"),
    userinfo_endpoint: at("userinfo"),
    end_session_endpoint: at("logout"),
    authorization_response_iss_parameter_supported: true,
  };
  const around = checkIssuerOptions(checked.id, issuer, options);
  const { backchannelLogout = false } = options;
  return defineProvider({ ...checked, backchannelLogout }, async (env) => {
    const { connectOpenId, withUserinfo } = await import("../openid.ts");
    return connectOpenId({ ...checked, ...around, metadata, withUserinfo }, env);
  });
}
