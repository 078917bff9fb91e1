import type { MembersOf } from "../../platform/option-error.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import {
  CONFIDENTIAL_MEMBERS,
  checkDiscoveryUrl,
  checkIssuer,
  checkIssuerOptions,
  checkOptions,
  checkWithout,
  ID_TOKEN_MEMBERS,
  type IdTokenOptions,
  ISSUER_MEMBERS,
  type IssuerOptions,
  LOGOUT_MEMBERS,
  type LogoutOptions,
  type ProviderOptions,
  WITHOUT_MEMBERS,
  type WithoutOptions,
} from "./options.ts";

/** What `oidc` takes. */
export interface OidcOptions
  extends ProviderOptions,
    IssuerOptions,
    WithoutOptions,
    IdTokenOptions,
    LogoutOptions {
  /** Exactly as the provider's own metadata writes it. */
  readonly issuer: string;
  /**
   * Where the discovery document is, if not at `<issuer>/.well-known/openid-configuration`, as with Azure AD B2C. The document must
   * still name `issuer`. Default that path.
   */
  readonly discoveryUrl?: string;
  /** Without one the client is a public one. */
  readonly clientSecret?: string;
}

const OPTIONS: MembersOf<OidcOptions> = {
  ...CONFIDENTIAL_MEMBERS,
  ...ISSUER_MEMBERS,
  ...WITHOUT_MEMBERS,
  ...ID_TOKEN_MEMBERS,
  ...LOGOUT_MEMBERS,
  issuer: null,
  discoveryUrl: null,
};

/**
 * Lets users sign in with any OpenID provider, by its discovery document (OpenID Connect Discovery 1.0). The document is
 * fetched at the first sign-in, and good for an hour.
 *
 * @example
 * createAuth({ store, providers: [oidc({ issuer: "https://id.example.com", clientId, clientSecret })] });
 */
export function oidc(options: OidcOptions): OAuthProvider {
  const defaults = { id: "oidc", scopes: ["openid", "email", "profile"], isPublic: true, members: OPTIONS };
  const checked = checkOptions(options, defaults);
  const issuer = checkIssuer(checked.id, options.issuer);
  const around = { ...checkIssuerOptions(checked.id, issuer, options), ...checkWithout(checked, options) };
  const discoveryUrl = checkDiscoveryUrl(checked.id, options.discoveryUrl);
  const { backchannelLogout = false } = options;
  return defineProvider({ ...checked, backchannelLogout }, async (env) => {
    const [{ connectOpenId, withUserinfo }, { discovery }] = await Promise.all([
      import("../openid.ts"),
      import("../discovery.ts"),
    ]);
    return connectOpenId(
      {
        ...checked,
        ...around,
        metadata: (channel) => discovery(channel, issuer, discoveryUrl),
        withUserinfo,
      },
      env,
    );
  });
}
