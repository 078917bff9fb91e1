import { isRecord, numberOf, textOf } from "../../platform/encoding.ts";
import type { GetJson, ReadAccount } from "../plain.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import { type ConfidentialOptions, checkOptions } from "./options.ts";

const METADATA = {
  issuer: "https://github.com/login/oauth",
  authorization_endpoint: "https://github.com/login/oauth/authorize",
  token_endpoint: "https://github.com/login/oauth/access_token",
};
const API = "https://api.github.com";
const NO_EMAIL = { email: null, verified: false };

/**
 * Lets users sign in with GitHub, with their primary address where GitHub has verified it. An OAuth app asks for it by the
 * scope `user:email`; a GitHub App needs the account permission "Email addresses", and without it tells no address.
 *
 * @example
 * createAuth({ store, providers: [github({ clientId, clientSecret })] });
 */
export function github(options: ConfidentialOptions): OAuthProvider {
  const checked = checkOptions(options, { id: "github", scopes: ["read:user", "user:email"] });
  const asksEmail = checked.scopes.some((scope) => scope === "user:email" || scope === "user");
  return defineProvider(checked, async (env) => {
    const { connectPlain } = await import("../plain.ts");
    return connectPlain({ ...checked, metadata: METADATA, read: accountReader(asksEmail) }, env);
  });
}

function accountReader(asksEmail: boolean): (get: GetJson) => Promise<ReadAccount | null> {
  return async (get) => {
    const claims = await get(`${API}/user`);
    if (!isRecord(claims)) return null;
    const { email, verified } = asksEmail ? await primaryEmail(get) : NO_EMAIL;
    const name = textOf(claims, "name") || textOf(claims, "login");
    const picture = textOf(claims, "avatar_url");
    // The numeric id: a user can rename a login, and another user can take the old name.
    const profile = { subject: numberOf(claims, "id"), email, emailVerified: verified, name, picture };
    return { profile, claims };
  };
}

async function primaryEmail(
  get: GetJson,
): Promise<{ readonly email: string | null; readonly verified: boolean }> {
  // A GitHub App without the permission "Email addresses" gets 403: https://docs.github.com/en/rest/users/emails
  const listed = await get(`${API}/user/emails`, {}, { optional: true });
  const emails = Array.isArray(listed) ? listed.filter(isRecord) : [];
  const primary = emails.find((entry) => entry["primary"] === true);
  if (primary === undefined) return NO_EMAIL;
  return { email: textOf(primary, "email"), verified: primary["verified"] === true };
}
