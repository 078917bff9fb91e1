import type { OAuth2Tokens } from "arctic";
import type { Env } from "../env.ts";
import { isRecord } from "../json.ts";
import { type ArcticClient, authorizationUrl, exchangeCode, readTokens } from "./arctic.ts";
import { oauthFault } from "./fault.ts";
import { checkProfile, type Profile } from "./profile.ts";
import type { OAuthConnection, OAuthProvider } from "./provider.ts";
import { getJson } from "./request.ts";

/** Gets a JSON document of the provider with the access token, within the limits on a provider's answer. */
export type GetJson = (url: string, headers?: Readonly<Record<string, string>>) => Promise<unknown>;

/** What was read of an account, and the provider's own words. */
export interface ReadAccount {
  readonly profile: Profile;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A provider that issues access tokens and no identity: who it is has to be asked. */
export interface PlainDefinition {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly storeTokens: boolean;
  readonly client: (redirectUri: string) => ArcticClient;
  /** Whether the client writes Basic credentials without encoding them. */
  readonly encodeBasic: boolean;
  readonly read: (tokens: OAuth2Tokens, get: GetJson) => Promise<ReadAccount>;
}

/** Signs in with a provider of plain OAuth 2.0 (RFC 6749). */
export function plainProvider(definition: PlainDefinition): OAuthProvider {
  const { id, storeTokens } = definition;
  return Object.freeze({
    type: "oauth",
    id,
    responseMode: "query",
    storeTokens,
    connect: (env) => connectPlain(definition, env),
  } satisfies OAuthProvider);
}

function connectPlain({ id, scopes, client, encodeBasic, read }: PlainDefinition, env: Env): OAuthConnection {
  return {
    authorizationUrl: async (flow) => authorizationUrl(client(flow.redirectUri), flow, scopes),

    async identify({ codeVerifier, redirectUri }, { code }) {
      const options = { env, codeVerifier, body: {}, encodeBasic };
      const issued = await exchangeCode(client(redirectUri), code, options);
      const tokens = readTokens(issued);
      const authorization = `Bearer ${tokens.accessToken}`;
      const get: GetJson = (url, headers = {}) => getJson(env, url, { authorization, ...headers });
      const { profile, claims } = await read(issued, get);
      return { provider: id, ...checkProfile(profile, claims), tokens };
    },
  };
}

/** Gets a JSON object. Fails with `oauth_failed` for anything else. */
export async function getRecord(get: GetJson, url: string): Promise<Readonly<Record<string, unknown>>> {
  const found = await get(url);
  if (!isRecord(found)) throw oauthFault("no_json");
  return found;
}
