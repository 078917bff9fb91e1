import type { Env } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { ProviderAccount } from "../users/user.ts";
import type { AuthorizationParams } from "./parameters.ts";

/** The secrets of one sign-in, and where the provider sends the browser back to. */
export interface OAuthFlow {
  readonly state: string;
  /** OpenID Connect Core 3.1.2.1. */
  readonly nonce: string;
  /** RFC 7636 4.1. */
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

/** The answer that the browser brings back. */
export interface OAuthAnswer {
  readonly code: string;
  /** RFC 9207; null where there is none. */
  readonly iss: string | null;
  /** The name that Apple sends once, as JSON; it comes from the browser, so nothing proves it. */
  readonly user: string | null;
}

/** An ID token that an app got from the provider by itself. */
export interface GivenIdToken {
  readonly idToken: string;
  /** The nonce that we made for it. */
  readonly nonce: string;
  /** The name that the app says its user has; nothing proves it. Null without one. */
  readonly name: string | null;
}

/** The parameters of a sign-out at the provider (OpenID Connect RP-Initiated Logout 1.0, section 2). */
export interface EndSessionRequest {
  /** The ID token of a sign-in of the user; null without one. */
  readonly idTokenHint: string | null;
  /** Where the provider sends the browser back to; null for a page of the provider. */
  readonly postLogoutRedirectUri: string | null;
  /** Comes back with the browser; null without one. */
  readonly state: string | null;
}

/** The session, or all sessions of a subject, that a provider has ended. One of `subject` and `sid` is not null. */
export interface ProviderLogout {
  /** The subject of the user at the provider; null if the token names the session alone. */
  readonly subject: string | null;
  /** The id of the session at the provider; null for all sessions of the subject. */
  readonly sid: string | null;
  /** The id of the token, which counts once. */
  readonly jti: string;
}

/** A provider at work: its caches live as long as the `createAuth` that made it. */
export interface OAuthConnection {
  /**
   * Where to send the browser. `passed` has `login_hint`, `prompt` and `ui_locales` of the request that starts the flow, where it
   * has them. Fails with `oauth_failed`.
   */
  authorizationUrl(flow: OAuthFlow, passed?: AuthorizationParams): Promise<URL>;

  /** Turns a code into an identity, with every check of the protocol. Fails with `oauth_failed`. */
  identify(flow: OAuthFlow, answer: OAuthAnswer): Promise<IdentifiedAccount>;

  /**
   * Turns an ID token that an app got into an identity, with every check of the protocol, the audience and the nonce among them.
   * Left out where no app may sign in by an ID token. Fails with `oauth_failed`.
   */
  identifyToken?(given: GivenIdToken): Promise<IdentifiedAccount>;

  /**
   * Where to send the browser to end the user's session at the provider. Null if the provider has no such page. Left out where no
   * provider of this kind has one. Fails with `oauth_failed`.
   */
  endSessionURL?(sent: EndSessionRequest): Promise<URL | null>;

  /**
   * Verifies the logout token of a request that any client may send, with every check of OpenID Connect Back-Channel Logout 1.0 but the
   * one that `jti` was not used before. Left out where the provider ends no sessions here. Fails with `invalid_request`, and with
   * `oauth_failed` if the keys of the provider cannot be fetched.
   */
  verifyLogout?(logoutToken: string): Promise<ProviderLogout>;
}

/** An account as a provider returns it: one without `picture` has null in the hooks. */
export interface IdentifiedAccount extends Omit<ProviderAccount, "picture"> {
  /** An https URL of at most 2,048 characters; anything else counts as none. */
  readonly picture?: string | null;
}

/** For which addresses a provider that calls them verified proves that its user has the mailbox today. */
export interface EmailTrust {
  /** Every address, or those at exactly these domains. */
  readonly domains: "all" | readonly string[];
  /** A claim that names one more domain: the one that the provider hosts for the organisation of this account. */
  readonly domainClaim?: string;
}

/** A way to sign in with an account elsewhere. */
export interface OAuthProvider {
  readonly type: "oauth";
  /** Stands in the routes and in every link; changing it orphans the links. */
  readonly id: string;
  /** How the provider answers: by a navigation, or by a form that it has the browser post. */
  readonly responseMode: "query" | "form_post";
  /** Whether the provider's tokens are kept, sealed. */
  readonly storeTokens: boolean;
  /** The addresses for which `emailVerified` is proof. Default every address. */
  readonly trustEmail?: EmailTrust;
  /** Whether the provider ends sessions here, by its logout tokens. Default false. */
  readonly backchannelLogout?: boolean;
  /** What the environment should have set, and did not. Then no request is served. */
  readonly missing?: readonly string[];
  connect(env: Env): OAuthConnection;
}

/** A provider without its protocol. */
export interface ProviderDescription {
  readonly id: string;
  /** Default "query". */
  readonly responseMode?: OAuthProvider["responseMode"];
  readonly storeTokens: boolean;
  readonly trustEmail: EmailTrust;
  readonly backchannelLogout?: boolean;
  readonly missing?: readonly string[];
  readonly idTokenAudiences?: readonly string[];
}

/** Makes a provider. `load` imports its protocol at the first sign-in: a server that only validates never loads it. */
export function defineProvider(
  {
    id,
    responseMode = "query",
    storeTokens,
    trustEmail,
    backchannelLogout = false,
    missing = [],
    idTokenAudiences = [],
  }: ProviderDescription,
  load: (env: Env) => Promise<OAuthConnection>,
): OAuthProvider {
  return Object.freeze({
    type: "oauth",
    id,
    responseMode,
    storeTokens,
    trustEmail,
    backchannelLogout,
    missing,
    connect(env) {
      let connection: OAuthConnection | null = null;
      const connected = async (): Promise<OAuthConnection> => {
        const loaded = connection ?? (await load(env));
        // The caches of the first connection are for all sign-ins.
        connection ??= loaded;
        return connection;
      };
      const identifyToken = async (given: GivenIdToken): Promise<IdentifiedAccount> =>
        byTokenOf(await connected())(given);
      const verifyLogout = async (logoutToken: string): Promise<ProviderLogout> => {
        const logout = await (await connected()).verifyLogout?.(logoutToken);
        if (logout === undefined) throw new AuthError("not_found");
        return logout;
      };
      return {
        authorizationUrl: async (flow, passed) => (await connected()).authorizationUrl(flow, passed),
        identify: async (flow, answer) => (await connected()).identify(flow, answer),
        ...(idTokenAudiences.length === 0 ? {} : { identifyToken }),
        ...(backchannelLogout ? { verifyLogout } : {}),
        endSessionURL: async (sent) => (await connected()).endSessionURL?.(sent) ?? null,
      };
    },
  } satisfies OAuthProvider);
}

function byTokenOf({ identifyToken }: OAuthConnection): NonNullable<OAuthConnection["identifyToken"]> {
  if (identifyToken === undefined) throw new AuthError("not_found");
  return identifyToken;
}

const ID = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** Throws a `TypeError` for an id that cannot stand in a route. */
export function checkProviderId(id: string): string {
  if (typeof id === "string" && ID.test(id) && id !== "exchange") return id;
  throw new TypeError(
    `the provider id is ${JSON.stringify(id)}, but it stands in the path: write 1 to 32 of a-z 0-9 -, not "exchange"`,
  );
}

/** The option `trustEmail` of a provider. */
export type TrustEmail = boolean | readonly string[];

/** The trust in a provider whose every verified address is proof. */
export const TRUST_ALL: EmailTrust = Object.freeze({ domains: "all" });

const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

/** Reads the option; without it, `known` holds. Throws a `TypeError` that names the option. */
export function checkTrust(id: string, option: unknown, known: EmailTrust): EmailTrust {
  if (option === undefined) return known;
  if (option === true) return TRUST_ALL;
  if (option === false) return Object.freeze({ domains: [] });
  if (!isDomains(option) || option.length === 0) {
    throw new TypeError(
      `${id}: trustEmail must be true, false or a list of domains in lower case, such as ["example.com"]`,
    );
  }
  return Object.freeze({ domains: Object.freeze([...option]) });
}

/** Whether the `trustEmail` of a provider that the application wrote has the right form. */
export function isEmailTrust({ domains, domainClaim }: EmailTrust): boolean {
  const isClaim = domainClaim === undefined || typeof domainClaim === "string";
  return isClaim && (domains === "all" || isDomains(domains));
}

function isDomains(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((domain) => typeof domain === "string" && DOMAIN.test(domain));
}
