import { CodeChallengeMethod, OAuth2Client, type OAuth2Tokens } from "arctic";
import { decodeUtf8, fromBase64, toBase64, utf8 } from "../platform/bytes.ts";
import { type Env, withFetch } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { isRecord, own } from "../platform/json.ts";
import type { ProviderTokens } from "../users/user.ts";
import type { ClientAuthentication, Endpoints } from "./endpoints.ts";
import { oauthFault } from "./fault.ts";
import { challengeOf } from "./pkce.ts";
import { textOf } from "./profile.ts";
import type { OAuthFlow } from "./provider.ts";
import { askProvider } from "./request.ts";

/** What arctic's clients have in common; which arguments they take differs. */
export interface ArcticClient {
  readonly createAuthorizationURL: (...args: never[]) => URL;
  readonly validateAuthorizationCode: (...args: never[]) => Promise<OAuth2Tokens>;
}

/** How we are known at a provider. */
export interface Client {
  readonly clientId: string;
  /** Null for a public client. */
  readonly clientSecret: string | null;
  readonly authentication: ClientAuthentication;
}

/** The client of any provider that keeps to the standards. */
export function standardClient(
  { authorization, token }: Pick<Endpoints, "authorization" | "token">,
  { clientId, clientSecret, authentication }: Client,
  redirectUri: string,
): ArcticClient {
  const isBasic = authentication === "client_secret_basic" && clientSecret !== null;
  const plain = new OAuth2Client(clientId, null, redirectUri);
  const proving = isBasic
    ? new OAuth2Client(formEncode(clientId), formEncode(clientSecret), redirectUri)
    : plain;
  return {
    createAuthorizationURL: (state: string, codeVerifier: string, scopes: string[]) =>
      plain.createAuthorizationURLWithPKCE(
        authorization,
        state,
        CodeChallengeMethod.S256,
        codeVerifier,
        scopes,
      ),
    validateAuthorizationCode: (code: string, codeVerifier: string) =>
      proving.validateAuthorizationCode(token, code, codeVerifier),
  };
}

/** Where to send the browser. State and an S256 challenge stand in it, whatever the client does by itself. */
export function authorizationUrl(
  client: ArcticClient,
  { state, codeVerifier, redirectUri }: OAuthFlow,
  scopes: readonly string[],
): URL {
  const create = client.createAuthorizationURL as (...args: unknown[]) => URL;
  const url =
    create.length > 2
      ? create.call(client, state, codeVerifier, [...scopes])
      : create.call(client, state, [...scopes]);
  const given = url.searchParams.get("redirect_uri");
  if (given !== null && given !== redirectUri) {
    throw new AuthError("internal_error", `a provider's redirect URI must be ${redirectUri}`);
  }
  url.searchParams.set("state", state);
  url.searchParams.set("code_challenge", challengeOf(codeVerifier));
  url.searchParams.set("code_challenge_method", "S256");
  return url;
}

/** How the token request differs from what the client makes by itself. */
export interface TokenRequestOptions {
  readonly env: Env;
  readonly codeVerifier: string;
  /** More members of the body, such as a secret that is not sent in a header. */
  readonly body: Readonly<Record<string, string>>;
  /** Whether the client writes its credentials as they are, where they must be form-encoded. */
  readonly encodeBasic: boolean;
}

/** Exchanges a code for tokens, within our limits on a provider's answer. Fails with `oauth_failed`. */
export async function exchangeCode(
  client: ArcticClient,
  code: string,
  options: TokenRequestOptions,
): Promise<OAuth2Tokens> {
  const exchange = client.validateAuthorizationCode as (...args: unknown[]) => Promise<OAuth2Tokens>;
  const limited = limitedFetch(options);
  let isLimited = false;
  const watched: typeof fetch = (input, init) => {
    isLimited = true;
    return limited(input, init);
  };
  // It begins at once, and what it throws before its first wait is a rejection like any other.
  const begin = async (): Promise<OAuth2Tokens> => exchange.call(client, code, options.codeVerifier);
  const exchanged = withFetch(watched, begin).catch(failed);
  if (isLimited) return exchanged;
  // What it sends later goes past every limit, so nothing that comes of it counts.
  exchanged.catch(() => undefined);
  throw new AuthError("internal_error", "a provider's client does not send at once");
}

// arctic's own clients wrap what the network threw; others need not.
function failed(error: unknown): never {
  const thrown = error instanceof Error && error.cause instanceof AuthError ? error.cause : error;
  throw thrown instanceof AuthError ? thrown : oauthFault("code_refused");
}

function limitedFetch({ env, codeVerifier, body: more, encodeBasic }: TokenRequestOptions): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const { url, method, headers } = request;
    const text = await request.text();
    headers.delete("content-length");
    headers.set("user-agent", "latchkey");
    const basic = headers.get("authorization");
    if (encodeBasic && basic?.startsWith("Basic ")) headers.set("authorization", formEncoded(basic));
    const isForm = headers.get("content-type")?.startsWith("application/x-www-form-urlencoded") ?? false;
    const form = new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(text)), ...more });
    form.set("code_verifier", codeVerifier);
    const body = isForm ? form.toString() : text;
    const answer = await askProvider(env, url, { method, headers, body });
    if (![200, 400, 401].includes(answer.status)) throw oauthFault("status");
    return new Response(answer.text, { status: answer.status });
  };
}

/** All that is told of tokens, in bytes. Sealed, it stays below the 100,000 characters that every store keeps. */
const MAX_TOKENS = 65_536;

/** What is told of a provider's tokens. Fails with `oauth_failed` for an answer that holds none, whatever its status. */
export function readTokens({ data }: Pick<OAuth2Tokens, "data">): ProviderTokens {
  if (!isRecord(data) || own(data, "error") !== undefined) throw oauthFault("code_refused");
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
    scope: textOf(data, "scope"),
  };
  const { refreshToken, idToken, scope } = tokens;
  const length = [accessToken, refreshToken, idToken, scope].reduce(
    (sum, text) => sum + (text?.length ?? 0),
    0,
  );
  if (length > MAX_TOKENS || utf8(JSON.stringify(tokens)).length > MAX_TOKENS)
    throw oauthFault("token_answer");
  return tokens;
}

// RFC 6749 2.3.1 and appendix B: both halves are form-encoded before they are joined.
function formEncode(text: string): string {
  return encodeURIComponent(text);
}

function formEncoded(basic: string): string {
  const bytes = fromBase64(basic.slice("Basic ".length));
  const [id = "", ...rest] = (bytes === null ? "" : (decodeUtf8(bytes) ?? "")).split(":");
  return `Basic ${toBase64(utf8(`${formEncode(id)}:${formEncode(rest.join(":"))}`))}`;
}
