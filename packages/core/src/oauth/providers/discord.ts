import { isRecord, own } from "../../platform/json.ts";
import { plainProvider } from "../plain-provider.ts";
import { textOf } from "../profile.ts";
import type { OAuthProvider } from "../provider.ts";
import { type ConfidentialOptions, checkOptions } from "./options.ts";

const ENDPOINTS = {
  authorization: "https://discord.com/oauth2/authorize",
  token: "https://discord.com/api/oauth2/token",
};
const ME = "https://discord.com/api/v10/users/@me";

/**
 * Lets users sign in with Discord.
 *
 * @example
 * createAuth({ store, providers: [discord({ clientId, clientSecret })] });
 */
export function discord(options: ConfidentialOptions): OAuthProvider {
  const { client, ...checked } = checkOptions(options, { id: "discord", scopes: ["identify", "email"] });
  return plainProvider({
    ...checked,
    client: (standard, redirectUri) =>
      standard(ENDPOINTS, { ...client, authentication: "client_secret_basic" }, redirectUri),
    encodeBasic: false,
    async read(_, get) {
      const claims = await get(ME);
      if (!isRecord(claims)) return null;
      const profile = {
        subject: textOf(claims, "id") ?? "",
        email: textOf(claims, "email"),
        emailVerified: own(claims, "verified") === true,
        name: textOf(claims, "global_name") ?? textOf(claims, "username"),
      };
      return { profile, claims };
    },
  });
}
