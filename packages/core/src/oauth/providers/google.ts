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
 * Lets users sign in with Google.
 *
 * @example
 * createAuth({ store, providers: [google({ clientId, clientSecret })] });
 */
export function google(options: ConfidentialOptions): OAuthProvider {
  const checked = checkOptions(options, { id: "google", scopes: ["openid", "email", "profile"] });
  return openIdProvider({ ...checked, responseMode: "query", endpoints: () => async () => ENDPOINTS });
}
