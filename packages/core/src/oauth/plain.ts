import type { OAuth2Tokens } from "arctic";
import type { Env } from "../platform/env.ts";
import { type ArcticClient, authorizationUrl, exchangeCode, readTokens, standardClient } from "./arctic.ts";
import type { EmailTrust } from "./email-trust.ts";
import { oauthFault } from "./fault.ts";
import { checkProfile, type Profile } from "./profile.ts";
import type { OAuthConnection } from "./provider.ts";
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
  readonly trustEmail: EmailTrust;
  /** Makes the client; `standard` makes one of any provider that keeps to the standards. */
  readonly client: (standard: typeof standardClient, redirectUri: string) => ArcticClient;
  /** Whether the client writes Basic credentials without encoding them. */
  readonly encodeBasic: boolean;
  /** Asks who it is; null where the answer is about nobody. */
  readonly read: (tokens: OAuth2Tokens, get: GetJson) => Promise<ReadAccount | null>;
}

/** Connects to a provider of plain OAuth 2.0: the part that is loaded with the first sign-in. */
export function connectPlain(
  { id, scopes, client, encodeBasic, read }: PlainDefinition,
  env: Env,
): OAuthConnection {
  const clientFor = (redirectUri: string): ArcticClient => client(standardClient, redirectUri);
  return {
    authorizationUrl: async (flow) => authorizationUrl(clientFor(flow.redirectUri), flow, scopes),

    async identify({ codeVerifier, redirectUri }, { code }) {
      const options = { env, codeVerifier, body: {}, encodeBasic };
      const issued = await exchangeCode(clientFor(redirectUri), code, options);
      const tokens = readTokens(issued);
      const authorization = `Bearer ${tokens.accessToken}`;
      const get: GetJson = (url, headers = {}) => getJson(env, url, { authorization, ...headers });
      const account = await read(issued, get);
      if (account === null) throw oauthFault("no_json");
      return { provider: id, ...checkProfile(account.profile, account.claims), tokens };
    },
  };
}
