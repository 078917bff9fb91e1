import { isRecord, own, textOf } from "../../platform/encoding.ts";
import type { GetJson, ReadAccount } from "../plain.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import { type ConfidentialOptions, checkOptions } from "./options.ts";

// https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token
const METADATA = {
  issuer: "https://x.com",
  authorization_endpoint: "https://x.com/i/oauth2/authorize",
  token_endpoint: "https://api.x.com/2/oauth2/token",
};
const ME = "https://api.x.com/2/users/me?user.fields=profile_image_url";
const EMAIL_SCOPE = "users.email";

/** X checked an address once, and has no mailboxes of its own. */
const TRUST = { domains: [] };

/**
 * Lets users sign in with X, formerly Twitter.
 *
 * X tells an address for the scope `users.email` only, and only if "Request email from users" is on in the settings of the
 * application at X. No address is proof, unless `trustEmail` says otherwise: a new user has a confirmed one unverified.
 *
 * @example
 * createAuth({ store, providers: [x({ clientId, clientSecret })] });
 */
export function x(options: ConfidentialOptions): OAuthProvider {
  // `users/me` needs both of the first two: https://github.com/pilcrowonpaper/arctic/issues/44
  const scopes = ["users.read", "tweet.read", EMAIL_SCOPE];
  const checked = checkOptions(options, { id: "x", scopes, trustEmail: TRUST });
  const asksEmail = checked.scopes.includes(EMAIL_SCOPE);
  return defineProvider(checked, async (env) => {
    const { connectPlain } = await import("../plain.ts");
    return connectPlain({ ...checked, metadata: METADATA, read: accountReader(asksEmail) }, env);
  });
}

function accountReader(asksEmail: boolean): (get: GetJson) => Promise<ReadAccount | null> {
  return async (get) => {
    // https://devcommunity.x.com/t/announcing-support-for-email-address-retrieval-with-oauth-2-0-in-the-x-api-v2/240555
    const withEmail = asksEmail ? await get(`${ME},confirmed_email`, {}, { optional: true }) : null;
    const told = withEmail ?? (await get(ME));
    const claims = isRecord(told) ? own(told, "data") : undefined;
    if (!isRecord(claims)) return null;
    const email = textOf(claims, "confirmed_email");
    const profile = {
      subject: textOf(claims, "id") ?? "",
      email,
      emailVerified: email !== null,
      name: textOf(claims, "name") || textOf(claims, "username"),
      picture: textOf(claims, "profile_image_url"),
    };
    return { profile, claims };
  };
}
