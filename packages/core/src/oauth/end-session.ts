import type { EndSessionRequest } from "./provider.ts";

/** Makes the URL of a sign-out at a provider (OpenID Connect RP-Initiated Logout 1.0, section 2); null without an endpoint. */
export function endSessionUrl(
  endpoint: string | undefined,
  clientId: string,
  { idTokenHint, postLogoutRedirectUri, state }: EndSessionRequest,
): URL | null {
  if (endpoint === undefined) return null;
  const url = new URL(endpoint);
  const parameters = {
    client_id: clientId,
    id_token_hint: idTokenHint,
    post_logout_redirect_uri: postLogoutRedirectUri,
    state,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) url.searchParams.set(name, value);
  }
  return url;
}
