import type { MembersOf } from "../../platform/option-error.ts";
import { openIdProvider } from "../openid-provider.ts";
import type { OAuthProvider } from "../provider.ts";
import { CONFIDENTIAL_MEMBERS, type ConfidentialOptions, checkIssuer, checkOptions } from "./options.ts";

export interface GitLabOptions extends ConfidentialOptions {
  /** A GitLab of your own. Default `https://gitlab.com`. */
  readonly issuer?: string;
}

const OPTIONS: MembersOf<GitLabOptions> = { ...CONFIDENTIAL_MEMBERS, issuer: null };

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
  const endpoints = {
    issuer,
    authorization: `${issuer}/oauth/authorize`,
    token: `${issuer}/oauth/token`,
    jwks: `${issuer}/oauth/discovery/keys`,
    userinfo: `${issuer}/oauth/userinfo`,
    announcesIssuer: false,
    authentication: null,
  };
  return openIdProvider({ ...checked, responseMode: "query", endpoints: () => async () => endpoints });
}
