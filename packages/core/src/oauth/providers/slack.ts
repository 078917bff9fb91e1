import { own, textOf } from "../../platform/encoding.ts";
import { type MembersOf, refuse } from "../../platform/option-error.ts";
import type { IdClaims } from "../id-token.ts";
import { type Profile, readOpenIdProfile } from "../profile.ts";
import { defineProvider, type OAuthProvider } from "../provider.ts";
import { CONFIDENTIAL_MEMBERS, type ConfidentialOptions, checkOptions } from "./options.ts";

/** What `slack` takes. */
export interface SlackOptions extends ConfidentialOptions {
  /** The id of a workspace, such as `T0123ABCD`, for its members alone. Default every workspace. */
  readonly team?: string;
}

const OPTIONS: MembersOf<SlackOptions> = { ...CONFIDENTIAL_MEMBERS, team: null };
const ISSUER = "https://slack.com";
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/openid/connect/authorize`,
  token_endpoint: `${ISSUER}/api/openid.connect.token`,
  jwks_uri: `${ISSUER}/openid/connect/keys`,
  token_endpoint_auth_methods_supported: ["client_secret_post"],
};
const TEAM = /^[TE][A-Z0-9]{2,31}$/;

/** The administrators of any workspace manage the addresses of its members. */
const TRUST = { domains: [] };

/**
 * Lets users sign in with Slack. The claims hold the workspace, as `https://slack.com/team_id`.
 *
 * Slack refuses PKCE beside a secret; the `nonce` of the ID token shows a code of another sign-in.
 *
 * No address is proof, unless `trustEmail` says otherwise: a new user has a verified one unverified.
 *
 * @example
 * createAuth({ store, providers: [slack({ clientId, clientSecret, team: "T0123ABCD" })] });
 */
export function slack(options: SlackOptions): OAuthProvider {
  const scopes = ["openid", "profile", "email"];
  const checked = checkOptions(options, { id: "slack", scopes, trustEmail: TRUST, members: OPTIONS });
  const { team } = options;
  if (team !== undefined && !(typeof team === "string" && TEAM.test(team)))
    throw refuse(`${checked.id}: team`, team, 'it must be the id of a workspace, such as "T0123ABCD"');
  const definition = {
    ...checked,
    metadata: METADATA,
    // https://github.com/paradigmxyz/centaur/pull/1101: a secret with a verifier gets `internal_error`.
    withoutPkce: true,
    profile: readSlackProfile,
    ...(team === undefined ? {} : { issuerOf: issuerFor(team) }),
    authorizationParams: { ...checked.authorizationParams, ...(team === undefined ? {} : { team }) },
  };
  return defineProvider(checked, async (env) => {
    const { connectOpenId } = await import("../openid.ts");
    return connectOpenId(definition, env);
  });
}

// The parameter `team` is a wish: the user may choose another workspace. The claim of the token decides.
function issuerFor(team: string): (claims: IdClaims) => string | null {
  return (claims) => (own(claims, "https://slack.com/team_id") === team ? ISSUER : null);
}

// The ID token has every claim: https://docs.slack.dev/reference/methods/openid.connect.token
function readSlackProfile(claims: IdClaims): Profile {
  const profile = readOpenIdProfile(claims);
  return { ...profile, picture: profile.picture ?? textOf(claims, "https://slack.com/user_image_512") };
}
