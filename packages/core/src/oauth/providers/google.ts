import type { MembersOf } from "../../platform/option-error.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import {
  CONFIDENTIAL_MEMBERS,
  type ConfidentialOptions,
  checkOptions,
  ID_TOKEN_MEMBERS,
  type IdTokenOptions,
} from "./options.ts";

/** What `google` takes. */
export interface GoogleOptions extends ConfidentialOptions, IdTokenOptions {}

const OPTIONS: MembersOf<GoogleOptions> = { ...CONFIDENTIAL_MEMBERS, ...ID_TOKEN_MEMBERS };

const METADATA = {
  issuer: "https://accounts.google.com",
  authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
  token_endpoint: "https://oauth2.googleapis.com/token",
  jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
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
export function google(options: GoogleOptions): OAuthProvider {
  const checked = checkOptions(options, {
    id: "google",
    scopes: ["openid", "email", "profile"],
    trustEmail: TRUST,
    members: OPTIONS,
  });
  return defineProvider(checked, async (env) => {
    const { connectOpenId } = await import("../openid.ts");
    return connectOpenId({ ...checked, metadata: METADATA }, env);
  });
}
