import { isRecord, own, textOf } from "../../platform/encoding.ts";
import type { GetJson, ReadAccount } from "../plain.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import { type ConfidentialOptions, checkOptions } from "./options.ts";

const METADATA = {
  issuer: "https://discord.com",
  authorization_endpoint: "https://discord.com/oauth2/authorize",
  token_endpoint: "https://discord.com/api/oauth2/token",
};
const ME = "https://discord.com/api/v10/users/@me";

/**
 * Lets users sign in with Discord.
 *
 * @example
 * createAuth({ store, providers: [discord({ clientId, clientSecret })] });
 */
export function discord(options: ConfidentialOptions): OAuthProvider {
  const checked = checkOptions(options, { id: "discord", scopes: ["identify", "email"] });
  return defineProvider(checked, async (env) => {
    const { connectPlain } = await import("../plain.ts");
    return connectPlain({ ...checked, metadata: METADATA, read: readAccount }, env);
  });
}

async function readAccount(get: GetJson): Promise<ReadAccount | null> {
  const claims = await get(ME);
  if (!isRecord(claims)) return null;
  const profile = {
    subject: textOf(claims, "id") ?? "",
    email: textOf(claims, "email"),
    emailVerified: own(claims, "verified") === true,
    name: textOf(claims, "global_name") || textOf(claims, "username"),
    picture: avatarOf(claims),
  };
  return { profile, claims };
}

// A hash, and a prefix where the picture moves: https://docs.discord.com/developers/reference#image-formatting
const AVATAR = /^(a_)?[0-9a-f]{32}$/;

function avatarOf(claims: Readonly<Record<string, unknown>>): string | null {
  const [id, avatar] = [textOf(claims, "id"), textOf(claims, "avatar")];
  if (id === null || avatar === null || !/^[0-9]+$/.test(id) || !AVATAR.test(avatar)) return null;
  return `https://cdn.discordapp.com/avatars/${id}/${avatar}.png`;
}
