import { openIdProvider } from "../openid-provider.ts";
import type { OAuthProvider } from "../provider.ts";
import { type ConfidentialOptions, checkOptions } from "./options.ts";

const ENDPOINTS = {
  issuer: "https://accounts.google.com",
  authorization: "https://accounts.google.com/o/oauth2/v2/auth",
  token: "https://oauth2.googleapis.com/token",
  jwks: "https://www.googleapis.com/oauth2/v3/certs",
  userinfo: null,
  announcesIssuer: false,
  authentication: null,
};

/**
 * Google is the authority for its own mailboxes, and for the domain that it hosts for the organisation of an account. A third
 * party's address it checked once, when the account was made. `hd` counts for its own domain alone: the claim says which
 * domain an account belongs to, and nothing of an address elsewhere.
 */
const TRUST = { domains: ["gmail.com", "googlemail.com"], domainClaim: "hd" };

/**
 * Lets users sign in with Google.
 *
 * A verified address is proof where it is Gmail's, or at the domain that `hd` names. A new user has any other address
 * unverified, unless `trustEmail` says otherwise.
 *
 * @example
 * createAuth({ store, providers: [google({ clientId, clientSecret })] });
 */
export function google(options: ConfidentialOptions): OAuthProvider {
  const checked = checkOptions(options, {
    id: "google",
    scopes: ["openid", "email", "profile"],
    trustEmail: TRUST,
  });
  return openIdProvider({ ...checked, responseMode: "query", endpoints: () => async () => ENDPOINTS });
}
