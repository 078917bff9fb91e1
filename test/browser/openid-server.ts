import { oidc } from "@latchkey/core/oauth";
import { startIdentityProvider } from "../fixtures/providers/certified-provider.ts";
import { type AuthServer, startAuthServer } from "./auth-server.ts";
import type { Pages } from "./pages.ts";

/** A server at which Ann can sign in with an OpenID provider; closing it closes the provider too. */
export async function startOpenIdServer(pages: Pages): Promise<AuthServer> {
  const opened: { close: () => Promise<void> }[] = [];
  const server = await startAuthServer({
    pages,
    providersAt: async (origin) => {
      const provider = await startIdentityProvider({
        redirectUris: [`${origin}/auth/oauth/oidc/callback`],
        accounts: { ann: { sub: "ann-1", email: "ann@example.com", email_verified: true, name: "Ann" } },
      });
      opened.push(provider);
      return [oidc({ issuer: provider.issuer, ...provider.clients.basic })];
    },
  });
  const close = async (): Promise<void> => {
    await Promise.all([server, ...opened].map((each) => each.close()));
  };
  return { ...server, close };
}
