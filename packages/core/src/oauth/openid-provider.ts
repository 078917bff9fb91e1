import type { OpenIdDefinition } from "./openid.ts";
import { connectLater, type OAuthProvider } from "./provider.ts";

/** Signs in with an OpenID provider (OpenID Connect Core 3.1): the ID token says who it is. */
export function openIdProvider(definition: OpenIdDefinition): OAuthProvider {
  const { id, responseMode, storeTokens, trustEmail } = definition;
  return Object.freeze({
    type: "oauth",
    id,
    responseMode,
    storeTokens,
    trustEmail,
    connect: (env) => connectLater(async () => (await import("./openid.ts")).connectOpenId(definition, env)),
  } satisfies OAuthProvider);
}
