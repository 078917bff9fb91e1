import type { MembersOf } from "../../platform/option-error.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import {
  CONFIDENTIAL_MEMBERS,
  type ConfidentialOptions,
  checkIssuer,
  checkIssuerOptions,
  checkOptions,
  ISSUER_MEMBERS,
  type IssuerOptions,
} from "./options.ts";

/** What `gitlab` takes. */
export interface GitLabOptions extends ConfidentialOptions, IssuerOptions {
  /** A GitLab of your own. Default `https://gitlab.com`. */
  readonly issuer?: string;
}

const OPTIONS: MembersOf<GitLabOptions> = { ...CONFIDENTIAL_MEMBERS, ...ISSUER_MEMBERS, issuer: null };

/**
 * Lets users sign in with GitLab.
 *
 * @example
 * createAuth({ store, providers: [gitlab({ clientId, clientSecret })] });
 */
export function gitlab(options: GitLabOptions): OAuthProvider {
  const checked = checkOptions(options, {
    id: "gitlab",
    scopes: ["openid", "email", "profile"],
    members: OPTIONS,
  });
  const issuer = checkIssuer(checked.id, options.issuer ?? "https://gitlab.com").replace(/\/$/, "");
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/oauth/discovery/keys`,
    userinfo_endpoint: `${issuer}/oauth/userinfo`,
  };
  const around = checkIssuerOptions(checked.id, issuer, options);
  return defineProvider(checked, async (env) => {
    const { connectOpenId, withUserinfo } = await import("../openid.ts");
    return connectOpenId({ ...checked, ...around, metadata, withUserinfo }, env);
  });
}
