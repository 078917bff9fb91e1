import { type Env, now } from "../platform/env.ts";
import { isRecord, own } from "../platform/json.ts";
import { type EpochSeconds, minutes, type Seconds } from "../platform/time.ts";
import type { ProviderAccount, ProviderTokens } from "../users/user.ts";
import { authorizationUrl, type Client, exchangeCode, readTokens, standardClient } from "./arctic.ts";
import type { EmailTrust } from "./email-trust.ts";
import type { Endpoints } from "./endpoints.ts";
import { oauthFault } from "./fault.ts";
import { expectedOf, type IdClaims, verifyIdToken } from "./id-token.ts";
import { type IssuerKeys, issuerKeys } from "./issuer-keys.ts";
import { checkProfile, type Profile, readOpenIdProfile } from "./profile.ts";
import type { OAuthAnswer, OAuthConnection, OAuthFlow, OAuthProvider } from "./provider.ts";
import { getJson } from "./request.ts";

/** How long a provider's keys are good: one that it withdrew vouches for nobody after that. */
const KEYS_LIFETIME: Seconds = minutes(10);

/** An OpenID provider as data. */
export interface OpenIdDefinition {
  readonly id: string;
  readonly client: Omit<Client, "authentication">;
  readonly scopes: readonly string[];
  readonly storeTokens: boolean;
  readonly trustEmail: EmailTrust;
  readonly responseMode: OAuthProvider["responseMode"];
  readonly endpoints: (env: Env) => () => Promise<Endpoints>;
  /** The issuer that a token must name, where it is not simply the endpoints' own. */
  readonly issuerOf?: (claims: IdClaims) => string | null;
  /** Makes the secret of one token request, where it is no constant. */
  readonly secret?: (env: Env) => Promise<string>;
  readonly profile?: (claims: IdClaims, answer: OAuthAnswer) => Profile;
}

/** Connects to an OpenID provider: the part that is loaded with the first sign-in. */
export function connectOpenId(definition: OpenIdDefinition, env: Env): OAuthConnection {
  const endpointsOf = definition.endpoints(env);
  const keysOf = keysByUrl(env);
  return {
    async authorizationUrl(flow) {
      const endpoints = await endpointsOf();
      const client = standardClient(endpoints, clientOf(definition, endpoints), flow.redirectUri);
      const url = authorizationUrl(client, flow, definition.scopes);
      url.searchParams.set("nonce", flow.nonce);
      if (definition.responseMode === "form_post") url.searchParams.set("response_mode", "form_post");
      return url;
    },

    async identify(flow, answer) {
      const endpoints = await endpointsOf();
      checkIssuer(endpoints, definition, answer);
      const tokens = await redeem(definition, endpoints, { env, flow, code: answer.code });
      const claims = await claimsOf(definition, endpoints, {
        env,
        flow,
        tokens,
        keys: keysOf(endpoints.jwks),
      });
      return accountOf(definition, claims, answer, tokens);
    },
  };
}

// RFC 9207 2.4, before the code goes anywhere: an answer of another issuer is a mix-up.
function checkIssuer(endpoints: Endpoints, { issuerOf }: OpenIdDefinition, { iss }: OAuthAnswer): void {
  if (iss === null && !endpoints.announcesIssuer) return;
  if (issuerOf === undefined && iss !== endpoints.issuer) throw oauthFault("issuer");
}

function clientOf({ client }: OpenIdDefinition, { authentication }: Endpoints): Client {
  if (client.clientSecret === null) return { ...client, authentication: "none" };
  // OpenID Connect Discovery 3: who does not say takes Basic.
  const isPost = authentication !== null && !authentication.includes("client_secret_basic");
  return { ...client, authentication: isPost ? "client_secret_post" : "client_secret_basic" };
}

async function redeem(
  definition: OpenIdDefinition,
  endpoints: Endpoints,
  { env, flow, code }: { readonly env: Env; readonly flow: OAuthFlow; readonly code: string },
): Promise<ProviderTokens> {
  const client = clientOf(definition, endpoints);
  const secret = await (definition.secret?.(env) ?? client.clientSecret);
  const isPost = client.authentication === "client_secret_post" && secret !== null;
  const tokens = await exchangeCode(standardClient(endpoints, client, flow.redirectUri), code, {
    env,
    codeVerifier: flow.codeVerifier,
    body: isPost ? { client_secret: secret } : {},
    encodeBasic: false,
  });
  return readTokens(tokens);
}

interface ClaimSource {
  readonly env: Env;
  readonly flow: OAuthFlow;
  readonly tokens: ProviderTokens;
  readonly keys: IssuerKeys;
}

async function claimsOf(
  { client, issuerOf }: OpenIdDefinition,
  { issuer, userinfo }: Endpoints,
  { env, flow, tokens, keys }: ClaimSource,
): Promise<IdClaims> {
  if (tokens.idToken === null) throw oauthFault("id_token_missing");
  const expected = expectedOf(
    env,
    { issuer: issuerOf ?? (() => issuer), clientId: client.clientId },
    flow.nonce,
  );
  const claims = await verifyIdToken(tokens.idToken, keys, tokens.accessToken, expected);
  if (userinfo === null) return claims;
  const more = await getJson(env, userinfo, { authorization: `Bearer ${tokens.accessToken}` });
  return withUserinfo(claims, more);
}

/** Adds what userinfo tells to a verified ID token, which has the last word (OpenID Connect Core 5.3.2). */
export function withUserinfo(claims: IdClaims, userinfo: unknown): IdClaims {
  if (!isRecord(userinfo)) throw oauthFault("no_json");
  const told: IdClaims = userinfo;
  // Without this, an access token for one user could be dressed up with the e-mail address of another.
  if (own(told, "sub") !== own(claims, "sub")) throw oauthFault("userinfo_subject");
  const merged = { ...told, ...claims };
  // Whether an address is verified is said of that address: the word on one never vouches for another.
  const about = [claims, told].filter((said) => own(said, "email") === own(merged, "email"));
  const verified = about.map((said) => own(said, "email_verified")).find((word) => word !== undefined);
  return verified === own(merged, "email_verified")
    ? merged
    : { ...merged, email_verified: verified ?? false };
}

function accountOf(
  { id, profile }: OpenIdDefinition,
  claims: IdClaims,
  answer: OAuthAnswer,
  tokens: ProviderTokens,
): ProviderAccount {
  const read = profile ?? readOpenIdProfile;
  return { provider: id, ...checkProfile(read(claims, answer), claims), tokens };
}

function keysByUrl(env: Env): (url: string) => IssuerKeys {
  let kept: { readonly url: string; readonly at: EpochSeconds; readonly keys: IssuerKeys } | null = null;
  return (url) => {
    const at = now(env);
    const isFresh = kept !== null && at >= kept.at && at < kept.at + KEYS_LIFETIME;
    if (kept === null || !isFresh || kept.url !== url) kept = { url, at, keys: issuerKeys(env, url) };
    return kept.keys;
  };
}
