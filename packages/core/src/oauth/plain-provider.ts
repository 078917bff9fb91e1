import type { PlainDefinition } from "./plain.ts";
import { connectLater, type OAuthProvider } from "./provider.ts";

/** Signs in with a provider of plain OAuth 2.0 (RFC 6749). */
export function plainProvider(definition: PlainDefinition): OAuthProvider {
  const { id, storeTokens, trustEmail } = definition;
  return Object.freeze({
    type: "oauth",
    id,
    responseMode: "query",
    storeTokens,
    trustEmail,
    connect: (env) => connectLater(async () => (await import("./plain.ts")).connectPlain(definition, env)),
  } satisfies OAuthProvider);
}
