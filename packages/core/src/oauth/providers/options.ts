import { checkMembers, FLAG, type Members, type MembersOf, refuse } from "../../platform/option-error.ts";
import { isLoopback, isPrivateHost } from "../../platform/origin.ts";
import type { Seconds } from "../../platform/time.ts";
import { type AuthorizationParams, checkAuthorizationParams } from "../parameters.ts";
import { checkProviderId, checkTrust, type EmailTrust, TRUST_ALL, type TrustEmail } from "../provider.ts";
import type { Client, InternalPlace } from "../request.ts";

/** What every provider takes. */
export interface ProviderOptions {
  /** From the registration of your application at the provider. */
  readonly clientId: string;
  /** Instead of the scopes that the identity needs, which are the default. */
  readonly scopes?: readonly string[];
  /** Keep the provider's tokens, sealed with `secret`, for `auth.users.providerTokens`. Default false. */
  readonly storeTokens?: boolean;
  /**
   * For which addresses it is proof that the provider calls them verified: `true` for all, `false` for none, a list for
   * those at exactly these domains. Default what is known of the provider; the table is in SECURITY.md.
   *
   * An address that is not proven leads to no user and proves no user's address; a new user has it unverified.
   */
  readonly trustEmail?: TrustEmail;
  /** Stands in the routes and in every link. Default the provider's name. */
  readonly id?: string;
  /**
   * How long the provider may take for each answer, from 1 to 60 seconds. Default 10. A sign-in waits for up to four answers:
   * metadata, tokens, keys and the account.
   */
  readonly timeout?: Seconds;
  /**
   * More parameters of the authorization request, such as `{ access_type: "offline", prompt: "consent" }` for a refresh token of
   * Google. A parameter that Latchkey writes itself is refused. Nothing checks that the provider followed one: check `hd`, `acr`
   * or `auth_time` in `hooks.signedIn`, by the claims of `account`. Default none.
   */
  readonly authorizationParams?: AuthorizationParams;
}

/** What a provider takes that knows our server by a secret. */
export interface ConfidentialOptions extends ProviderOptions {
  /** From the registration of your application at the provider. It stays on the server. */
  readonly clientSecret: string;
}

/** What an OpenID provider takes whose issuer is yours to name. */
export interface IssuerOptions {
  /**
   * Other audiences that an ID token without `azp` may name beside your client, such as the id of a project (OpenID Connect
   * Core 3.1.3.7). Default none. A token whose `azp` is your client may name any others.
   */
  readonly trustedAudiences?: readonly string[];
  /**
   * Where our server reaches the provider, such as `http://keycloak:8080` in Docker. Metadata, tokens, keys and userinfo are asked
   * for there. The issuer and the page of the provider stay the public ones. Default the issuer.
   *
   * A URL without a path stands for the origin of the issuer, and one with a path for the whole issuer. Plain http is for names of a
   * private network: one label, `*.internal`, `*.local`, `*.svc`, a private address, this machine. The secret of the client
   * and the keys of the provider then cross that network unencrypted.
   */
  readonly internalURL?: string;
}

export const ISSUER_MEMBERS: MembersOf<IssuerOptions> = { trustedAudiences: null, internalURL: null };

/** What the options around an issuer say, checked. */
export interface CheckedIssuerOptions {
  readonly trustedAudiences: readonly string[];
  readonly internal: InternalPlace | null;
}

/** Checks the options around an issuer. Throws a `TypeError` that names the option. */
export function checkIssuerOptions(
  id: string,
  issuer: string,
  { trustedAudiences = [], internalURL }: IssuerOptions,
): CheckedIssuerOptions {
  if (!isListOfTexts(trustedAudiences)) {
    throw refuse(`${id}: trustedAudiences`, trustedAudiences, "it must be a list of strings");
  }
  const internal = internalURL === undefined ? null : checkInternalURL(id, issuer, internalURL);
  return { trustedAudiences: [...trustedAudiences], internal };
}

/** Checks where the metadata of a provider are; null for the place below its issuer. Throws a `TypeError`. */
export function checkDiscoveryUrl(id: string, discoveryUrl: unknown): string | null {
  if (discoveryUrl === undefined) return null;
  const text = typeof discoveryUrl === "string" ? discoveryUrl : "";
  // A query may select a policy.
  const url = plainUrl(text.replace("?", "/"));
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname))) return text;
  const why = "it must be the https URL of the discovery document, without credentials and fragment";
  throw refuse(`${id}: discoveryUrl`, discoveryUrl, why);
}

function checkInternalURL(id: string, issuer: string, internalURL: string): InternalPlace {
  const url = plainUrl(internalURL);
  // RFC 9700 2.6: a public name is reached by TLS. In a private network the operator decides.
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isPrivateHost(url.hostname));
  if (url === null || !isSafe) {
    const why =
      "it must be an https URL without query, or an http URL of a private network: one label such as";
    const names = '"http://keycloak:8080", *.internal, *.local, *.svc or a private address';
    throw refuse(`${id}: internalURL`, internalURL, `${why} ${names}`);
  }
  const { origin, href } = new URL(issuer);
  return url.pathname === "/"
    ? { outside: origin, inside: url.origin }
    : { outside: href.replace(/\/$/, ""), inside: url.href.replace(/\/$/, "") };
}

/** Parses a URL without credentials, query and fragment; null for any other text. */
function plainUrl(text: unknown): URL | null {
  // URL parsing passes over white space and an empty query; a comparison of the text does not.
  const url = typeof text === "string" && !/[\s\p{C}?#]/u.test(text) ? URL.parse(text) : null;
  return url !== null && url.username === "" && url.password === "" ? url : null;
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string" && text !== "");
}

/** The parts of the protocol that an OpenID provider may be unable to do. */
export interface WithoutOptions {
  /**
   * Sends no PKCE, for a provider that refuses `code_verifier`. Default false. It gives up that the provider redeems a code for
   * the browser only whose sign-in it answers (RFC 9700 4.5): the `nonce` of the ID token is then the only part that shows a
   * code of another sign-in. It takes a client with a secret: without both, any client could redeem a stolen code (RFC 9700 2.1.1).
   */
  readonly withoutPkce?: boolean;
  /**
   * Accepts an ID token without `nonce`, for a provider that leaves it out. Default false. One with another nonce is refused
   * all the same. It gives up that an ID token belongs to this sign-in: PKCE is then the only part that shows a code of another
   * one. Together with `withoutPkce`, only `state` binds the answer to the browser: an attacker who gets hold of a code before
   * it is redeemed can sign in as its owner.
   */
  readonly withoutNonce?: boolean;
}

/** What an OpenID provider takes whose ID tokens apps get by themselves. */
export interface IdTokenOptions {
  /**
   * The clients whose apps sign in by an ID token of the provider's own sheet (`POST /oauth/:provider/token`), such as
   * `["com.example.ios"]`; the page with Google's One Tap or button is `clientId` itself. A token must have one of them as its
   * audience, and as its `azp` where it has one. Default none: the route then answers `not_found`.
   */
  readonly idTokenAudiences?: readonly string[];
}

export const ID_TOKEN_MEMBERS: MembersOf<IdTokenOptions> = { idTokenAudiences: null };

/** What an OpenID provider takes that tells us when it has ended a session. */
export interface LogoutOptions {
  /**
   * Whether the provider ends sessions here when its own end, by `POST /oauth/:provider/backchannel-logout` (OpenID Connect Back-Channel
   * Logout 1.0). Register that URL as `backchannel_logout_uri`, with `backchannel_logout_session_required` if the provider has it.
   * Default false: the route then answers `not_found`.
   */
  readonly backchannelLogout?: boolean;
}

export const LOGOUT_MEMBERS: MembersOf<LogoutOptions> = { backchannelLogout: FLAG };

/** The options of every provider, and those of one with a secret. */
export const PROVIDER_MEMBERS: MembersOf<ProviderOptions> = {
  clientId: null,
  scopes: null,
  storeTokens: FLAG,
  trustEmail: null,
  id: null,
  timeout: null,
  authorizationParams: null,
};
export const CONFIDENTIAL_MEMBERS: MembersOf<ConfidentialOptions> = {
  ...PROVIDER_MEMBERS,
  clientSecret: null,
};

export const WITHOUT_MEMBERS: MembersOf<WithoutOptions> = { withoutPkce: null, withoutNonce: null };

/** Checks which parts of the protocol are left out. Throws a `TypeError` that names the option. */
export function checkWithout(
  { id, client }: Pick<CheckedOptions, "id" | "client">,
  { withoutPkce = false, withoutNonce = false }: WithoutOptions,
): Required<WithoutOptions> {
  for (const [name, value] of Object.entries({ withoutPkce, withoutNonce }))
    if (typeof value !== "boolean") throw refuse(`${id}: ${name}`, value, "it must be true or false");
  if (withoutPkce && client.clientSecret === null) {
    throw new TypeError(
      `${id}: withoutPkce is true, but a client without a secret needs PKCE (RFC 9700 2.1.1): pass clientSecret, or remove withoutPkce`,
    );
  }
  return { withoutPkce, withoutNonce };
}

/** What the options say, checked; `scopes` and `id` stand for what they leave out. */
export interface CheckedOptions {
  readonly id: string;
  readonly client: Omit<Client, "authentication">;
  readonly scopes: readonly string[];
  readonly storeTokens: boolean;
  readonly trustEmail: EmailTrust;
  readonly timeout: Seconds;
  readonly authorizationParams: AuthorizationParams;
  /** What the environment should have set, and did not. */
  readonly missing: readonly string[];
  readonly idTokenAudiences: readonly string[];
}

/** What a provider's options are without the application's word. */
export interface Defaults {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly isPublic?: boolean;
  /** The options that there are. Default those of a provider with a secret. */
  readonly members?: Members;
  /** Default every address. */
  readonly trustEmail?: EmailTrust;
}

/** Checks the options of a provider. Throws a `TypeError` that names the option. */
export function checkOptions(
  options: ProviderOptions & IdTokenOptions & { readonly clientSecret?: string | undefined },
  defaults: Defaults,
): CheckedOptions {
  checkMembers(defaults.id, options, defaults.members ?? CONFIDENTIAL_MEMBERS);
  const id = checkProviderId(options.id ?? defaults.id);
  const { clientId, clientSecret, scopes = defaults.scopes, storeTokens = false } = options;
  // A secret that is named and not there was forgotten: it makes no public client.
  const needsSecret = "clientSecret" in options || defaults.isPublic !== true;
  const missing = missingTexts(id, needsSecret ? { clientId, clientSecret } : { clientId });
  if (!isListOfTexts(scopes)) {
    throw refuse(`${id}: scopes`, scopes, 'it must be a list of strings: write one such as ["openid"]');
  }
  const client = { clientId: clientId ?? "", clientSecret: clientSecret ?? null };
  const trustEmail = checkTrust(id, options.trustEmail, defaults.trustEmail ?? TRUST_ALL);
  return {
    id,
    client,
    scopes: [...scopes],
    storeTokens,
    trustEmail,
    timeout: checkTimeout(id, options.timeout),
    authorizationParams: checkAuthorizationParams(id, options.authorizationParams),
    missing,
    idTokenAudiences: checkAudiences(id, options.idTokenAudiences),
  };
}

function checkAudiences(id: string, audiences: readonly string[] = []): readonly string[] {
  if (isListOfTexts(audiences)) return [...audiences];
  const why = 'it must be a list of client ids, such as ["com.example.ios"]';
  throw refuse(`${id}: idTokenAudiences`, audiences, why);
}

/** Checks the time limit of a provider's answer, in seconds. A timer of 0, or of no number, would end every request at once. */
export function checkTimeout(id: string, timeout: unknown = 10): Seconds {
  if (typeof timeout === "number" && Number.isInteger(timeout) && timeout >= 1 && timeout <= 60)
    return timeout;
  throw refuse(`${id}: timeout`, timeout, "it must be whole seconds, from 1 to 60");
}

/**
 * Returns a sentence for each text that the environment did not set. Throws a `TypeError` for one that is no text, or that the
 * environment put white space around.
 */
export function missingTexts(id: string, texts: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(texts).flatMap(([option, value]) => {
    const sentence = `${id}: ${option} is missing: pass what the provider gave you`;
    if (value === undefined || value === "") return [sentence];
    if (typeof value !== "string") throw new TypeError(sentence);
    if (value.trim() === value) return [];
    throw new TypeError(`${id}: ${option} begins or ends with white space: strip it`);
  });
}

/** Checks an issuer (OpenID Connect Discovery 3). Throws a `TypeError` for one that anybody could speak for. */
export function checkIssuer(id: string, issuer: string): string {
  const url = plainUrl(issuer);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (isSafe) return issuer;
  throw refuse(
    `${id}: issuer`,
    issuer,
    'it must be an https URL without query, such as "https://id.example.com"',
  );
}
