import { CodeChallengeMethod, OAuth2Client } from "arctic";
import {
  type AuthorizationServer,
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  type ClientAuth,
  ClientSecretPost,
  type CustomFetchOptions,
  customFetch,
  expectNoState,
  None,
  nopkce,
  validateAuthResponse,
} from "oauth4webapi";
import { isRecord, own, parseJson, textOf, toBase64, utf8 } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import { fetchJson } from "../platform/fetch-json.ts";
import type { Seconds } from "../platform/time.ts";
import type { ProviderTokens } from "../users/user.ts";
import { refusalOf } from "./diagnosis.ts";
import { hostOf, oauthFault } from "./fault.ts";
import type { OAuthAnswer, OAuthFlow } from "./provider.ts";

/** How our requests reach a provider. */
export interface Channel {
  readonly env: Env;
  /** The time limit of each answer. */
  readonly timeout: Seconds;
  /** The place at which our server reaches the provider, where it is not the public one. */
  readonly internal?: InternalPlace | null;
}

/** Two names of one provider, as the beginnings of its URLs, without a slash at the end. */
export interface InternalPlace {
  /** By which browsers reach it, and by which its metadata and tokens name it. */
  readonly outside: string;
  /** By which our server reaches it. */
  readonly inside: string;
}

/** Replaces the beginning of a URL; a URL with another beginning is returned as it is. */
export function moveUrl(url: string, from: string, to: string): string {
  const { href } = new URL(url);
  const rest = href.startsWith(from) ? href.slice(from.length) : null;
  // `https://id.example.com` does not begin `https://id.example.com.evil.example`.
  return rest !== null && /^(?:[/?]|$)/.test(rest) ? `${to}${rest}` : url;
}

/** The answer of a provider, read to its end. */
export interface ProviderAnswer {
  readonly status: number;
  readonly text: string;
}

// GitHub refuses a request without a User-Agent.
const HEADERS = { accept: "application/json", "user-agent": "latchkey" };

/** The statuses by which a provider withholds a part of a profile for good, and not for the moment. */
export const WITHHELD: readonly number[] = [403, 404];

/**
 * Sends one request to a provider, within the limits of `fetchJson`. Fails with `oauth_failed`. Of an answer with one of the
 * statuses in `unread` only the status is read: a refusal is often a page.
 */
export async function askProvider(
  { env, timeout, internal }: Channel,
  url: string,
  init: RequestInit,
  unread: readonly number[] = [],
): Promise<ProviderAnswer> {
  const target = internal == null ? url : moveUrl(url, internal.outside, internal.inside);
  const answer = await fetchJson(env, target, init, timeout);
  if (answer.ok) return answer;
  const { fault, cause, status } = answer;
  if (status !== undefined && unread.includes(status)) return { status, text: "" };
  throw oauthFault(fault, cause, { host: hostOf(url) });
}

/**
 * Gets a JSON document, with an access token where one is given; null for an optional one that the provider withholds.
 * Fails with `oauth_failed`.
 */
export async function getJson(
  channel: Channel,
  url: string,
  headers: Readonly<Record<string, string>> = {},
  { optional = false }: { readonly optional?: boolean } = {},
): Promise<unknown> {
  const unread = optional === true ? WITHHELD : [];
  const init = { headers: { ...HEADERS, ...headers } };
  const { status, text } = await askProvider(channel, url, init, unread);
  if (unread.includes(status)) return null;
  if (status !== 200) throw oauthFault("status", undefined, { host: hostOf(url), status: `${status}` });
  const found = parseJson(text);
  if (found === undefined) throw oauthFault("no_json", undefined, { host: hostOf(url) });
  return found;
}

/** The statuses with which a token endpoint answers (RFC 6749 5.1 and 5.2). */
export const TOKEN_STATUSES: readonly number[] = [200, 400, 401];

/** A request as oauth4webapi makes it. */
type Sent = CustomFetchOptions<string, URLSearchParams | null | undefined>;

/**
 * The fetch of oauth4webapi: it sends by `askProvider`, within the limits of `fetchJson`, and fails with `oauth_failed`. The
 * headers of the answer are not passed on, so that nothing is read from `www-authenticate`.
 */
export function limitedFetch(
  channel: Channel,
  statuses: readonly number[] = [200],
): (url: string, sent: Sent) => Promise<Response> {
  return async (url, { method, headers, body }) => {
    const form = body?.toString() ?? null;
    // RFC 6749 appendix B: the type has no parameter, and oauth4webapi writes a charset.
    const type = form === null ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const init = { method, headers: { ...headers, ...HEADERS, ...type }, body: form };
    const unread = statuses.filter((status) => WITHHELD.includes(status));
    const { status, text } = await askProvider(channel, url, init, unread);
    if (!statuses.includes(status))
      throw oauthFault("status", undefined, { host: hostOf(url), status: `${status}` });
    return new Response(text, { status, headers: { "content-type": "application/json" } });
  };
}

/** The tokens of an answer together, in bytes. Sealed, they stay below the 100,000 characters that every store keeps. */
const MAX_TOKENS = 65_536;

/** Whether an answer of a token endpoint is an error: also one beside tokens, or under the status 200. */
export function hasError(data: unknown): boolean {
  return isRecord(data) && own(data, "error") !== undefined;
}

/** Reads the answer of a token endpoint. Fails with `oauth_failed` for an answer without tokens, or with an error. */
export function readTokens(data: unknown): ProviderTokens {
  if (!isRecord(data) || hasError(data)) throw oauthFault("code_refused");
  const accessToken = textOf(data, "access_token");
  const type = own(data, "token_type") ?? "bearer";
  if (accessToken === null || accessToken === "" || typeof type !== "string" || !/^bearer$/i.test(type)) {
    throw oauthFault("token_answer");
  }
  const expiresIn = own(data, "expires_in");
  const tokens = {
    accessToken,
    refreshToken: textOf(data, "refresh_token"),
    idToken: textOf(data, "id_token"),
    expiresIn: typeof expiresIn === "number" && expiresIn > 0 ? Math.floor(expiresIn) : null,
    scope: scopeOf(data),
  };
  if (!isStorable(tokens)) throw oauthFault("token_answer");
  return tokens;
}

// RFC 6749 3.3 has a text; Twitch answers a list.
function scopeOf(data: Readonly<Record<string, unknown>>): string | null {
  const scope = own(data, "scope");
  const isList = Array.isArray(scope) && scope.every((one) => typeof one === "string");
  return isList ? scope.join(" ") : textOf(data, "scope");
}

function isStorable(tokens: ProviderTokens): boolean {
  const { accessToken, refreshToken, idToken, scope } = tokens;
  const texts = [accessToken, refreshToken, idToken, scope];
  const length = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  return length <= MAX_TOKENS && utf8(JSON.stringify(tokens)).length <= MAX_TOKENS;
}

interface RequestOptions {
  [customFetch]: ReturnType<typeof limitedFetch>;
  [allowInsecureRequests]: boolean;
}

/** The options of a request that oauth4webapi sends to a provider. */
export function requestOptions(
  channel: Channel,
  { issuer }: Pick<AuthorizationServer, "issuer">,
  statuses?: readonly number[],
): RequestOptions {
  return {
    [customFetch]: limitedFetch(channel, statuses),
    // `checkIssuer` accepts http for an issuer on this machine alone, so no request leaves the machine unencrypted.
    [allowInsecureRequests]: issuer.startsWith("http://"),
  };
}

/** A flow as the provider sees it. `codeVerifier` is null for a provider that cannot do PKCE. */
export type SentFlow = Pick<OAuthFlow, "state" | "nonce" | "redirectUri"> & {
  readonly codeVerifier: string | null;
};

/** Leaves the code verifier out of a flow, for a provider that refuses it. */
export function sentFlow(flow: OAuthFlow, withoutPkce: boolean | undefined): SentFlow {
  return { ...flow, codeVerifier: withoutPkce === true ? null : flow.codeVerifier };
}

/** One exchange of a code for tokens. */
export interface TokenRequest {
  readonly channel: Channel;
  readonly provider: AuthorizationServer;
  readonly client: Client;
  readonly flow: SentFlow;
  readonly answer: Pick<OAuthAnswer, "code" | "iss">;
}

/** Exchanges a code for tokens (RFC 6749 4.1.3). Fails with `oauth_failed`. */
export async function requestTokens({
  channel,
  provider,
  client,
  flow,
  answer,
}: TokenRequest): Promise<ProviderTokens> {
  const parameters = validateCallback(provider, client, answer);
  const response = await authorizationCodeGrantRequest(
    provider,
    { client_id: client.clientId },
    authenticationOf(provider, client),
    parameters,
    flow.redirectUri,
    flow.codeVerifier ?? nopkce,
    requestOptions(channel, provider, TOKEN_STATUSES),
  );
  const data = parseJson(await response.text());
  if (response.status === 200 && isRecord(data) && !hasError(data)) return readTokens(data);
  throw refusedBy(provider, data, { client, flow, answer });
}

function refusedBy(
  provider: AuthorizationServer,
  data: unknown,
  { client: { clientId, clientSecret }, flow, answer }: Pick<TokenRequest, "client" | "flow" | "answer">,
): Error {
  const basic = clientSecret === null ? null : basicOf(clientId, clientSecret);
  const secrets = [clientSecret, basic, answer.code, flow.codeVerifier, flow.state, flow.nonce];
  return refusalOf(provider.token_endpoint ?? "", data, secrets);
}

// RFC 9207 2.4, before the code is sent: an answer of another issuer is a mix-up. The state was checked and spent before.
function validateCallback(
  provider: AuthorizationServer,
  { clientId }: Client,
  { code, iss }: Pick<OAuthAnswer, "code" | "iss">,
): URLSearchParams {
  // oauth4webapi accepts an empty issuer where none is announced.
  if (iss === "") throw oauthFault("issuer");
  const parameters = new URLSearchParams({ code, ...(iss === null ? {} : { iss }) });
  try {
    return validateAuthResponse(provider, { client_id: clientId }, parameters, expectNoState);
  } catch {
    throw oauthFault("issuer");
  }
}

function authenticationOf(provider: AuthorizationServer, { clientSecret }: Client): ClientAuth {
  if (clientSecret === null) return None();
  // OpenID Connect Discovery 3: a provider that lists no methods accepts Basic.
  const methods = provider.token_endpoint_auth_methods_supported;
  const isPost = methods !== undefined && !methods.includes("client_secret_basic");
  return isPost ? ClientSecretPost(clientSecret) : secretBasic(clientSecret);
}

/**
 * RFC 6749 2.3.1 and appendix B. `ClientSecretBasic` of oauth4webapi also escapes `-`, `_` and `.`, which servers that do not
 * decode the credentials then read as another secret.
 */
function secretBasic(clientSecret: string): ClientAuth {
  return (_, client, __, headers) => {
    headers.set("authorization", `Basic ${basicOf(client.client_id, clientSecret)}`);
  };
}

function basicOf(clientId: string, clientSecret: string): string {
  return toBase64(utf8(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`));
}

/** The registration of our client at a provider. */
export interface Client {
  readonly clientId: string;
  /** Null for a public client. */
  readonly clientSecret: string | null;
}

/** The URL to send the browser to, with the state, and the S256 challenge of a verifier (RFC 6749 4.1.1, RFC 7636 4.3). */
export function authorizationUrl(
  endpoint: string,
  clientId: string,
  { state, codeVerifier, redirectUri }: SentFlow,
  scopes: readonly string[],
): URL {
  const client = new OAuth2Client(clientId, null, redirectUri);
  if (codeVerifier === null) return client.createAuthorizationURL(endpoint, state, [...scopes]);
  const method = CodeChallengeMethod.S256;
  return client.createAuthorizationURLWithPKCE(endpoint, state, method, codeVerifier, [...scopes]);
}
