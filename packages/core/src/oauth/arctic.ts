import { CodeChallengeMethod, OAuth2Client } from "arctic";
import type { OAuthFlow } from "./provider.ts";

/** The registration of our client at a provider. */
export interface Client {
  readonly clientId: string;
  /** Null for a public client. */
  readonly clientSecret: string | null;
}

/** The URL to send the browser to, with the state and an S256 challenge (RFC 6749 4.1.1, RFC 7636 4.3). */
export function authorizationUrl(
  endpoint: string,
  clientId: string,
  { state, codeVerifier, redirectUri }: OAuthFlow,
  scopes: readonly string[],
): URL {
  const client = new OAuth2Client(clientId, null, redirectUri);
  const method = CodeChallengeMethod.S256;
  return client.createAuthorizationURLWithPKCE(endpoint, state, method, codeVerifier, [...scopes]);
}
