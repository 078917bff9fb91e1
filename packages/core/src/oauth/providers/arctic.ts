import type { OAuth2Tokens } from "arctic";
import { kindOf } from "../../platform/callback-answer.ts";
import { isRecord } from "../../platform/json.ts";
import { checkMembers, type MembersOf, refuse } from "../../platform/option-error.ts";
import type { ArcticClient } from "../arctic.ts";
import { checkTrust, TRUST_ALL, type TrustEmail } from "../email-trust.ts";
import type { GetJson } from "../plain.ts";
import { plainProvider } from "../plain-provider.ts";
import type { Profile } from "../profile.ts";
import { checkProviderId, type OAuthProvider } from "../provider.ts";

export interface ArcticOptions {
  readonly scopes: readonly string[];
  /**
   * Asks the provider who it is. `get` sends the access token along, and limits the time and the size of the answer. An
   * ID token among the tokens was not verified: for an OpenID provider use `oidc()`.
   */
  readonly profile: (tokens: OAuth2Tokens, get: GetJson) => Promise<Profile> | Profile;
  /** Default false. */
  readonly storeTokens?: boolean;
  /** For which addresses it is proof that `profile` calls them verified: all, the default, none, or those at these domains. */
  readonly trustEmail?: TrustEmail;
  /** Stands in the routes and in every link. Default the name of arctic's class; say it where your build renames classes. */
  readonly id?: string;
}

const OPTIONS: MembersOf<ArcticOptions> = {
  scopes: null,
  profile: null,
  storeTokens: null,
  trustEmail: null,
  id: null,
};

/**
 * Lets users sign in with any provider that arctic has a client for. The instance's redirect URI must be
 * `<baseURL><basePath>/oauth/<id>/callback`.
 *
 * Not with arctic's `Apple`, which waits before it sends: nothing limits that, so what comes of it never counts. Use
 * `apple()`. MyAnimeList knows no S256, DonationAlerts no state, and StartGG takes scopes where others take the code
 * verifier, so none of them can be used; `OAuth2Client` knows no endpoints: for those there is `oidc()`.
 *
 * @example
 * arcticProvider(new Twitch(clientId, clientSecret, redirectUri), {
 *   scopes: [],
 *   profile: async (tokens, get) => readTwitchUser(await get("https://api.twitch.tv/helix/users")),
 * });
 */
export function arcticProvider(instance: ArcticClient, options: ArcticOptions): OAuthProvider {
  checkMembers("arcticProvider", options, OPTIONS);
  if (!isRecord(instance)) {
    throw new TypeError(
      `arcticProvider takes a client of arctic, such as new Twitch(…), and got ${kindOf(instance)}`,
    );
  }
  if ("createClientSecret" in instance) {
    throw new TypeError("arcticProvider: arctic's Apple cannot be limited: use apple()");
  }
  const { scopes, profile, storeTokens = false } = options;
  if (!Array.isArray(scopes)) throw refuse("arcticProvider: scopes", scopes, "it must be a list of strings");
  if (typeof profile !== "function")
    throw refuse("arcticProvider: profile", profile, "it must be a function");
  const id = checkProviderId(options.id ?? instance.constructor.name.toLowerCase());
  return plainProvider({
    id,
    trustEmail: checkTrust(id, options.trustEmail, TRUST_ALL),
    scopes: [...scopes],
    storeTokens: storeTokens === true,
    client: () => instance,
    encodeBasic: true,
    async read(tokens, get) {
      const read = await profile(tokens, get);
      return { profile: read, claims: { ...read } };
    },
  });
}
