import type { OAuth2Tokens } from "arctic";
import { callAndWait, kindOf } from "../../platform/callback-answer.ts";
import { decodeUtf8, fromBase64, isRecord, own, parseJson, toBase64, utf8 } from "../../platform/encoding.ts";
import { AuthError } from "../../platform/errors.ts";
import { checkMembers, FLAG, type MembersOf, refuse } from "../../platform/option-error.ts";
import type { Seconds } from "../../platform/time.ts";
import { hostOf, oauthFault } from "../fault.ts";
import { type AuthorizationParams, addParams, checkAuthorizationParams } from "../parameters.ts";
import type { GetJson } from "../plain.ts";
import { checkProfile, type Profile } from "../profile.ts";
import {
  checkProviderId,
  checkTrust,
  type OAuthConnection,
  type OAuthProvider,
  TRUST_ALL,
  type TrustEmail,
} from "../provider.ts";
import {
  askProvider,
  type Channel,
  getJson,
  type ProviderAnswer,
  readTokens,
  TOKEN_STATUSES,
} from "../request.ts";
import { challengeOf } from "../transaction.ts";
import { checkTimeout } from "./options.ts";

/**
 * The methods that the clients of arctic share; their arguments differ. `createAuthorizationURL` is called with the state, the
 * scopes and the scopes again, and `validateAuthorizationCode` with the code and the code verifier.
 */
export interface ArcticClient {
  readonly createAuthorizationURL: (...args: never[]) => URL;
  readonly validateAuthorizationCode: (...args: never[]) => Promise<OAuth2Tokens>;
}

/** What `arcticProvider` takes. */
export interface ArcticOptions {
  /** The scopes that `profile` needs. */
  readonly scopes: readonly string[];
  /**
   * Asks the provider for the identity. `get` sends the access token along, and limits the time and the size of the answer.
   * An ID token among the tokens was not verified: for an OpenID provider use `oidc()`.
   */
  readonly profile: (tokens: OAuth2Tokens, get: GetJson) => Promise<Profile> | Profile;
  /** Keep the provider's tokens, sealed with `secret`, for `auth.users.providerTokens`. Default false. */
  readonly storeTokens?: boolean;
  /** For which addresses it is proof that `profile` calls them verified: all, the default, none, or those at these domains. */
  readonly trustEmail?: TrustEmail;
  /** Stands in the routes and in every link. Default the name of arctic's class; say it where your build renames classes. */
  readonly id?: string;
  /** How long the provider may take for each answer, from 1 to 60 seconds. Default 10. */
  readonly timeout?: Seconds;
  /** More parameters of the authorization request, as of every provider. Default none. */
  readonly authorizationParams?: AuthorizationParams;
  /**
   * Sends no PKCE, for a provider that refuses `code_verifier`, such as LinkedIn, Slack and Facebook. Default false. It gives up
   * that a code works only in the browser whose sign-in it answers: `state` alone binds it then, so an attacker who gets hold of
   * a code before it is redeemed can sign in as its owner (RFC 9700 4.5). The client must have a secret (RFC 9700 2.1.1).
   */
  readonly withoutPkce?: boolean;
}

const OPTIONS: MembersOf<ArcticOptions> = {
  scopes: null,
  profile: null,
  storeTokens: FLAG,
  trustEmail: null,
  id: null,
  timeout: null,
  authorizationParams: null,
  withoutPkce: null,
};

/**
 * Lets users sign in with any provider that arctic has a client for. The instance's redirect URI must be
 * `<baseURL><basePath>/oauth/<id>/callback`.
 *
 * Not with arctic's `Apple`, which waits before it sends: no limit applies to that request, so its answer never counts. Use
 * `apple()`. MyAnimeList knows no S256, DonationAlerts no state, and StartGG takes scopes where others take the code
 * verifier, so none of them can be used; `OAuth2Client` knows no endpoints: for those there is `oidc()`.
 *
 * @example
 * arcticProvider(new Spotify(clientId, clientSecret, redirectUri), {
 *   scopes: ["user-read-email"],
 *   profile: async (tokens, get) => readSpotifyUser(await get("https://api.spotify.com/v1/me")),
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
  const timeout = checkTimeout("arcticProvider", options.timeout);
  const params = checkAuthorizationParams("arcticProvider", options.authorizationParams);
  const { withoutPkce = false } = options;
  if (typeof withoutPkce !== "boolean")
    throw refuse("arcticProvider: withoutPkce", withoutPkce, "it must be true or false");
  const id = checkProviderId(options.id ?? instance.constructor.name.toLowerCase());
  return Object.freeze({
    type: "oauth",
    id,
    responseMode: "query",
    storeTokens,
    trustEmail: checkTrust(id, options.trustEmail, TRUST_ALL),
    connect: (env) =>
      connect({ env, timeout }, { id, instance, scopes: [...scopes], profile, params, withoutPkce }),
  } satisfies OAuthProvider);
}

interface Definition extends Pick<ArcticOptions, "scopes" | "profile"> {
  readonly id: string;
  readonly withoutPkce: boolean;
  readonly instance: ArcticClient;
  readonly params: AuthorizationParams;
}

function connect(
  channel: Channel,
  { id, instance, scopes, profile, params, withoutPkce }: Definition,
): OAuthConnection {
  return {
    // The state and an S256 challenge are set here, over those of the client.
    async authorizationUrl({ state, codeVerifier, redirectUri }, passed = {}) {
      const create = instance.createAuthorizationURL as (...args: unknown[]) => URL;
      // Clients take (state, scopes), or (state, codeVerifier, scopes). Scopes in the place of the verifier fit both: the
      // challenge that a client makes of them is replaced below, and the verifier cannot get into the URL.
      const url = create.call(instance, state, [...scopes], [...scopes]);
      const given = url.searchParams.get("redirect_uri");
      if (given !== null && given !== redirectUri) {
        throw new AuthError("internal_error", `a provider's redirect URI must be ${redirectUri}`);
      }
      addParams(url, passed, params);
      url.searchParams.set("state", state);
      const challenge = { code_challenge: challengeOf(codeVerifier), code_challenge_method: "S256" };
      for (const [name, value] of Object.entries(challenge)) {
        if (withoutPkce) url.searchParams.delete(name);
        else url.searchParams.set(name, value);
      }
      return url;
    },

    async identify({ codeVerifier }, { code }) {
      const verifier = withoutPkce ? null : codeVerifier;
      const issued = await exchangeCode(channel, instance, code, verifier);
      const tokens = readTokens(issued.data);
      const authorization = `Bearer ${tokens.accessToken}`;
      const get: GetJson = (url, headers, options) =>
        getJson(channel, url, { authorization, ...headers }, options);
      const read = await callAndWait(`profile of ${id}`, () => profile(issued, get));
      return { provider: id, ...checkProfile(read, { ...(read as Profile) }), tokens };
    },
  };
}

/** Exchanges a code for tokens, within our limits on a provider's answer. Fails with `oauth_failed`. */
async function exchangeCode(
  channel: Channel,
  instance: ArcticClient,
  code: string,
  codeVerifier: string | null,
): Promise<OAuth2Tokens> {
  const exchange = instance.validateAuthorizationCode as (...args: unknown[]) => Promise<OAuth2Tokens>;
  const limited = limitedFetch(channel, codeVerifier);
  let isLimited = false;
  const watched: typeof fetch = (input, init) => {
    isLimited = true;
    return limited(input, init);
  };
  // It begins at once, and an error before its first wait is a rejection like any other.
  const exchanged = withFetch(watched, async () => exchange.call(instance, code, codeVerifier)).catch(failed);
  if (isLimited) return exchanged;
  // No limit applies to a request that it sends later, so its answer never counts.
  exchanged.catch(() => undefined);
  throw new AuthError("internal_error", "a provider's client does not send at once");
}

/**
 * Runs `send` with another global `fetch`. The clients of arctic have only their own token request, by the global `fetch`, and
 * each knows the particular request of its provider: so the patch stands here, and nowhere else. It lasts until `send` first
 * waits, so that no other code sees it.
 */
function withFetch<T>(replacement: typeof fetch, send: () => Promise<T>): Promise<T> {
  const platform = globalThis.fetch;
  globalThis.fetch = replacement;
  try {
    return send();
  } finally {
    globalThis.fetch = platform;
  }
}

// arctic's own clients wrap the error of the network; others need not.
function failed(error: unknown): never {
  const thrown = error instanceof Error && error.cause instanceof AuthError ? error.cause : error;
  throw thrown instanceof AuthError ? thrown : oauthFault("code_refused");
}

function limitedFetch(channel: Channel, codeVerifier: string | null): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const { url, method, headers } = request;
    const text = await request.text();
    headers.delete("content-length");
    headers.set("user-agent", "latchkey");
    const basic = headers.get("authorization");
    if (basic?.startsWith("Basic ")) headers.set("authorization", formEncoded(basic));
    const isForm = headers.get("content-type")?.startsWith("application/x-www-form-urlencoded") ?? false;
    const form = new URLSearchParams(Object.fromEntries(new URLSearchParams(text)));
    if (codeVerifier !== null) form.set("code_verifier", codeVerifier);
    else requireSecret(form, basic);
    const body = isForm ? form.toString() : text;
    const { status, text: answered } = await askProvider(channel, url, { method, headers, body });
    if (!TOKEN_STATUSES.includes(status))
      throw oauthFault("status", undefined, { host: hostOf(url), status: `${status}` });
    await requireTokens(url, { status, text: answered }, [...secretsIn(form), ...secretsOfBasic(basic)]);
    return new Response(answered, { status });
  };
}

// RFC 9700 2.1.1: without a secret and without PKCE, any client could redeem a stolen code.
function requireSecret(form: URLSearchParams, basic: string | null): void {
  form.delete("code_verifier");
  if (basic !== null || (form.get("client_secret") ?? "") !== "") return;
  throw new AuthError("internal_error", "arcticProvider: withoutPkce takes a client with a secret");
}

async function requireTokens(
  url: string,
  { status, text }: ProviderAnswer,
  secrets: readonly string[],
): Promise<void> {
  const data = parseJson(text);
  if (status === 200 && !(isRecord(data) && typeof own(data, "error") === "string")) return;
  const { refusalOf } = await import("../diagnosis.ts");
  throw refusalOf(url, data, secrets);
}

/** The members of a token request that are no secrets (RFC 6749 4.1.3). */
const PUBLIC: ReadonlySet<string> = new Set(["grant_type", "redirect_uri", "client_id", "scope"]);

function secretsIn(form: URLSearchParams): readonly string[] {
  return [...form].filter(([name]) => !PUBLIC.has(name)).map(([, value]) => value);
}

function secretsOfBasic(basic: string | null): readonly string[] {
  if (basic === null) return [];
  const bytes = fromBase64(basic.slice("Basic ".length));
  const [, ...rest] = (bytes === null ? "" : (decodeUtf8(bytes) ?? "")).split(":");
  return [basic, rest.join(":")];
}

// RFC 6749 2.3.1 and appendix B: both halves are form-encoded before they are joined, which arctic leaves out.
function formEncoded(basic: string): string {
  const bytes = fromBase64(basic.slice("Basic ".length));
  const [id = "", ...rest] = (bytes === null ? "" : (decodeUtf8(bytes) ?? "")).split(":");
  const encoded = `${encodeURIComponent(id)}:${encodeURIComponent(rest.join(":"))}`;
  return `Basic ${toBase64(utf8(encoded))}`;
}
