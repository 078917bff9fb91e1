import * as v from "valibot";
import type { Config } from "../accounts/app.ts";
import type { ClientOptions } from "../accounts/client.ts";
import { checkOrigin } from "../csrf/trusted-origin.ts";
import { TRACING_HEADERS } from "../http/cors.ts";
import type { Algorithm } from "../keys/algorithms.ts";
import type { Jwk } from "../keys/jwk.ts";
import type { MailOptions } from "../mail/mailer.ts";
import { checkPages } from "../mail/pages.ts";
import { checkErrorURL } from "../oauth/redirect.ts";
import { kindOf } from "../platform/callback-answer.ts";
import { isRecord, titleCase } from "../platform/encoding.ts";
import { type Env, envOf, logError } from "../platform/env.ts";
import type { OnError } from "../platform/faults.ts";
import { refuse } from "../platform/option-error.ts";
import { isLoopback } from "../platform/origin.ts";
import { days, minutes, type Seconds } from "../platform/time.ts";
import type { RevocationPolicy, SessionSettings } from "../sessions/engine.ts";
import type { AuthEvent } from "../sessions/events.ts";
import {
  CONFIGURED_NAMES,
  defaultRefreshBefore,
  faultOfLifetimes,
  type RefreshPolicy,
} from "../sessions/policy.ts";
import type { Store } from "../store.ts";
import { parseProxies } from "../throttle/proxies.ts";
import { defaultLimits, type RateLimits } from "../throttle/throttle.ts";
import type { PublicUser, User, UserStore } from "../users/user.ts";
import { checkCookies } from "./cookies.ts";
import { copyOptions, type Shape, shapeError } from "./option-shape.ts";
import type { AuthOptions, Provider, StandardSchema } from "./options.ts";
import { checkProviders } from "./providers.ts";
import { optionsSchema } from "./schema.ts";
import { checkKeys, checkSecrets, missingSecret } from "./secrets.ts";
import { checkStore, checkUsers } from "./store-operations.ts";

// A literal would inherit what a polluted prototype holds.
const NONE: Readonly<Record<never, never>> = Object.freeze(Object.create(null));

type Given = AuthOptions<unknown, User>;

/** The options, checked and copied, with every default applied. */
export interface CheckedOptions {
  /** What the environment did not set. Nothing is served then. */
  readonly missing: TypeError | null;
  readonly config: Config;
  readonly env: Env;
  readonly store: Store;
  readonly users: UserStore;
  readonly providers: readonly Provider[];
  readonly keys: KeyOptions;
  readonly settings: Omit<SessionSettings, "parseContext">;
  /** Null where a context is any object. */
  readonly contextSchema: StandardSchema<unknown> | null;
  readonly callbacks: Callbacks;
  readonly client: ClientOptions;
  readonly mail: MailOptions | null;
}

export interface KeyOptions {
  readonly algorithm: Algorithm;
  readonly secrets: readonly string[];
  readonly rotateEvery: Seconds;
  /** Keys of the application; null where Latchkey makes its own. */
  readonly provided: readonly Jwk[] | null;
}

/** What the application is asked and told. */
export interface Callbacks {
  /** Null makes an empty context. */
  readonly contextFrom: ((request: Request, user: PublicUser) => unknown) | null;
  /** Null shows id, identifiers and name. */
  readonly serialize: ((user: PublicUser) => object) | null;
  readonly onEvent: ((event: AuthEvent) => unknown) | null;
  readonly onError: OnError;
}

/** Copies and checks the options, once. Throws a `TypeError` that names the option, its value, why, and what to write instead. */
export function checkOptions(options: unknown): CheckedOptions {
  const given = parseOptions(options);
  const { store, users = store.users, providers = [] } = given;
  // A build may have an empty variable. Without a value only localhost is served.
  const baseURL = (given.baseURL ?? "") === "" ? null : checkBaseURL(given.baseURL ?? "");
  const keys: KeyOptions = {
    algorithm: given.accessToken?.algorithm ?? "EdDSA",
    secrets: checkSecrets(given.secret),
    rotateEvery: given.keys?.rotateEvery ?? days(30),
    provided: given.keys?.provided ?? null,
  };
  checkKeys(keys.provided, keys.algorithm);
  checkProviders(providers, users, given.mail !== undefined);
  const config = configOf(given, baseURL);
  checkPages(given.mail?.pages ?? NONE, config.trustedOrigins);
  return {
    missing: missingOptions(providers, missingSecret(keys.secrets, baseURL, keys.algorithm)),
    config,
    env: envOf(given.env),
    store,
    users,
    providers,
    keys,
    settings: settingsOf(given, baseURL),
    contextSchema: given.sessions?.context?.schema ?? null,
    callbacks: {
      contextFrom: given.sessions?.context?.from ?? null,
      serialize: given.user?.serialize ?? null,
      onEvent: given.onEvent ?? null,
      onError: given.onError ?? logError,
    },
    client: {
      clientAddress: given.clientAddress ?? (() => null),
      trustedProxies: given.trustedProxies === undefined ? null : parseProxies(given.trustedProxies),
      needsAddress: given.rateLimit !== false && baseURL !== null && !isLoopback(baseURL.hostname),
    },
    mail: given.mail ?? null,
  };
}

/** The error for options that the environment should have set; null if none is missing. */
function missingOptions(providers: readonly Provider[], secret: string | null): TypeError | null {
  const ofProviders = providers.flatMap((provider) =>
    provider.type === "oauth" ? (provider.missing ?? []) : [],
  );
  const all = [...(secret === null ? [] : [secret]), ...ofProviders];
  return all.length === 0 ? null : new TypeError(all.join("; "));
}

function parseOptions(options: unknown): Given {
  if (!isRecord(options)) {
    throw new TypeError(`createAuth takes options as an object, and got ${kindOf(options)}: pass { store }`);
  }
  const own = copyOptions(options, optionsSchema as Shape);
  const parsed = v.safeParse(optionsSchema, own);
  if (!parsed.success) throw shapeError(parsed.issues[0]);
  const given = own as Given;
  if (given.users !== undefined) checkUsers(given.users);
  checkStore(given.store, { users: given.users === undefined });
  return given;
}

function configOf(given: Given, baseURL: URL | null): Config {
  const basePath = given.basePath ?? "/auth";
  const trustedOrigins = new Set((given.trustedOrigins ?? []).map(checkOrigin));
  return {
    baseURL,
    basePath,
    trustedOrigins,
    cookies: checkCookies(given.cookies ?? NONE, baseURL, basePath),
    bearer: {
      header: titleCase((given.bearer?.header ?? "authorization").toLowerCase()),
      schemes: (given.bearer?.schemes ?? ["Bearer"]).map((scheme) => scheme.toLowerCase()),
    },
    allowHeaders: new Set([
      ...TRACING_HEADERS,
      ...(given.cors?.allowHeaders ?? []).map((name) => name.toLowerCase()),
    ]),
    requireFetchMetadata: given.requireFetchMetadata ?? false,
    linkByEmail: given.linkByEmail ?? true,
    signUp: given.signUp ?? "open",
    errorURL: checkErrorURL(given.oauth?.errorURL, { baseURL, basePath, trustedOrigins }),
    storeTimeout: given.storeTimeout ?? 5,
    limits: given.rateLimit === false ? null : limitsOf(given.rateLimit ?? NONE),
    keepAccessToken: given.logout?.keepAccessToken ?? false,
  };
}

// An option that is undefined leaves the default, as everywhere.
function limitsOf(given: Partial<RateLimits>): RateLimits {
  return {
    device: given.device ?? defaultLimits.device,
    account: given.account ?? defaultLimits.account,
    accountTotal: given.accountTotal ?? defaultLimits.accountTotal,
    signIn: given.signIn ?? defaultLimits.signIn,
    signUp: given.signUp ?? defaultLimits.signUp,
    mailbox: given.mailbox ?? defaultLimits.mailbox,
    mail: given.mail ?? defaultLimits.mail,
    refresh: given.refresh ?? defaultLimits.refresh,
    unprovenRefresh: given.unprovenRefresh ?? defaultLimits.unprovenRefresh,
  };
}

function settingsOf(given: Given, baseURL: URL | null): CheckedOptions["settings"] {
  const issuer = given.accessToken?.issuer ?? baseURL?.origin ?? "http://localhost";
  const accessLifetime = given.accessToken?.lifetime ?? minutes(10);
  return {
    issuer,
    audience: given.accessToken?.audience ?? issuer,
    accessLifetime,
    refresh: checkLifetimes(accessLifetime, given.refreshToken),
    restrictTransport: given.restrictTransport ?? true,
    limit: given.sessions?.limit ?? null,
    keepEnded: given.sessions?.keepEnded ?? false,
    confirm: given.sessions?.confirm ?? "on-refresh",
    revocation: revocationOf(given),
    tokenCache: given.tokenCache,
    claims: given.accessToken?.claims ?? null,
    hooks: given.hooks ?? NONE,
  };
}

/** How often a process reads the list of ended sessions. */
const POLL_EVERY: Seconds = 10;

function revocationOf({ revocation, logout }: Given): RevocationPolicy {
  if (typeof revocation === "string") return revocation;
  if (logout?.keepAccessToken === true) {
    if (revocation === undefined) return "none";
    throw new TypeError(
      'revocation polls the list of ended sessions, but logout.keepAccessToken keeps the access token of an ended session: remove one, or write revocation: "none"',
    );
  }
  return {
    pollEvery: revocation?.pollEvery ?? POLL_EVERY,
    whenBehind: revocation?.whenBehind ?? "accept",
  };
}

function checkBaseURL(text: string): URL {
  const url = URL.parse(text);
  const example = 'write an origin such as "https://app.example.com"';
  if (url === null) throw refuse("baseURL", text, `it must be a URL: ${example}`);
  if (url.username !== "" || url.password !== "")
    throw new TypeError(`baseURL holds credentials: ${example}`);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw refuse(
      "baseURL",
      text,
      `it must be an origin alone: ${example}; the path of the routes is basePath`,
    );
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw refuse("baseURL", text, `cookies must be Secure everywhere but on localhost: ${example}`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw refuse("baseURL", text, `it must be https, or http on localhost: ${example}`);
  }
  return url;
}

function checkLifetimes(
  accessLifetime: Seconds,
  given: Exclude<AuthOptions["refreshToken"], undefined> | undefined,
): RefreshPolicy | null {
  const refresh = given === false ? null : refreshPolicy(accessLifetime, given ?? NONE);
  const fault = faultOfLifetimes(accessLifetime, refresh);
  if (fault === null) return refresh;
  throw refuse(CONFIGURED_NAMES[fault.option], fault.value, `it ${fault.why}`);
}

function refreshPolicy(
  accessLifetime: Seconds,
  given: Exclude<AuthOptions["refreshToken"], undefined | false>,
): RefreshPolicy {
  const lease = given.lease ?? 60;
  const lifetime = given.lifetime === undefined ? days(14) : given.lifetime;
  // A longer idle life than the default maximum moves the maximum along; "never" idle means never at all.
  const defaultMax = lifetime === null ? null : Math.max(days(90), lifetime);
  return {
    lifetime,
    maxLifetime: given.maxLifetime === undefined ? defaultMax : given.maxLifetime,
    lease,
    refreshBefore: given.refreshBefore ?? defaultRefreshBefore(accessLifetime, lease),
  };
}
