import * as v from "valibot";
import type { Config } from "../accounts/app.ts";
import { checkOrigin } from "../csrf/origin.ts";
import type { Algorithm } from "../keys/algorithms.ts";
import { faultOfProvided } from "../keys/provided.ts";
import { type Env, platformEnv } from "../platform/env.ts";
import { isLoopback } from "../platform/loopback.ts";
import { refuse } from "../platform/option-error.ts";
import { days, minutes, type Seconds } from "../platform/time.ts";
import {
  CONFIGURED_NAMES,
  defaultRefreshBefore,
  faultOfLifetimes,
  type RefreshPolicy,
} from "../sessions/policy.ts";
import { defaultLimits } from "../throttle/throttle.ts";
import type { User } from "../users/user.ts";
import type { AuthOptions } from "./options.ts";
import { checkProviders } from "./providers.ts";
import { optionsSchema } from "./schema.ts";

// A literal would inherit what a polluted prototype holds.
const NONE: Readonly<Record<never, never>> = Object.freeze(Object.create(null));
const MIN_SECRET_BYTES = 32;
const MIN_SECRET_VARIETY = 8;

/** The options as they were given, without inherited members, and what they configure. */
export interface CheckedOptions {
  readonly given: AuthOptions<unknown, User>;
  readonly config: Config;
  readonly env: Env;
}

/** Copies and checks the options, once. Throws a `TypeError` that names the option, its value, why, and what to write instead. */
export function checkOptions(options: object): CheckedOptions {
  if (typeof options !== "object" || options === null)
    throw new TypeError("createAuth takes options: pass { store }");
  const own = ownMembers(options);
  const parsed = v.safeParse(optionsSchema, own);
  if (!parsed.success) throw shapeError(parsed.issues[0]);
  const given = own as AuthOptions<unknown, User>;
  const baseURL = given.baseURL === undefined ? null : checkBaseURL(given.baseURL);
  const secrets = checkSecrets(given.secret, baseURL);
  const algorithm = given.accessToken?.algorithm ?? "EdDSA";
  checkKeys(given, algorithm, secrets);
  checkProviders(given);
  const issuer = given.accessToken?.issuer ?? baseURL?.origin ?? "http://localhost";
  const basePath = given.basePath ?? "/auth";
  const accessLifetime = given.accessToken?.lifetime ?? minutes(10);
  const config: Config = {
    baseURL,
    basePath,
    trustedOrigins: new Set((given.trustedOrigins ?? []).map(checkOrigin)),
    secrets,
    algorithm,
    rotateEvery: given.keys?.rotateEvery ?? days(30),
    issuer,
    audience: given.accessToken?.audience ?? issuer,
    accessLifetime,
    refresh: checkLifetimes(accessLifetime, given.refreshToken),
    cookies: checkCookies(given.cookies ?? NONE, baseURL, basePath),
    bearer: {
      header: (given.bearer?.header ?? "authorization").toLowerCase(),
      schemes: (given.bearer?.schemes ?? ["Bearer"]).map((scheme) => scheme.toLowerCase()),
    },
    requireFetchMetadata: given.requireFetchMetadata ?? false,
    linkByEmail: given.linkByEmail ?? true,
    storeTimeout: given.storeTimeout ?? 5,
    limits: given.rateLimit === false ? null : { ...defaultLimits, ...given.rateLimit },
    keepAccessToken: given.logout?.keepAccessToken ?? false,
  };
  const env: Env = {
    clock: given.env?.clock ?? platformEnv.clock,
    random: given.env?.random ?? platformEnv.random,
    fetch: given.env?.fetch ?? platformEnv.fetch,
  };
  return { given, config, env };
}

/**
 * Copies the own members of plain objects and lists, at every depth: what a polluted prototype holds is no option
 * (SEC-08), and what is changed after the start changes nothing (SEC-09).
 */
function ownMembers(value: object): object {
  const copy: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(value)) copy[name] = copyOf(member);
  return Object.freeze(copy);
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(copyOf));
  return isPlain(value) ? ownMembers(value) : value;
}

function isPlain(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !hasMethods(value)
  );
}

// A store or a schema is a thing to call, not a bag of options: it keeps its identity.
function hasMethods(value: object): boolean {
  return ["~standard", "sessions", "get", "load"].some((name) => Object.hasOwn(value, name));
}

function shapeError(issue: v.BaseIssue<unknown>): TypeError {
  const path = v.getDotPath(issue) ?? "options";
  if (issue.type === "strict_object" && issue.expected === "never") {
    return new TypeError(`${path} is not an option of createAuth: remove it, or correct its spelling`);
  }
  if (issue.expected !== null && issue.received === "undefined") {
    return new TypeError(`${path} is missing, but it is required: pass one`);
  }
  if (path.startsWith("secret")) return new TypeError(`${path} must be a string, or a list of strings`);
  const why = issue.message.startsWith("Invalid") ? `must be ${issue.expected}` : issue.message;
  // A text where a thing belongs may be a connection string or a private key.
  const isMisplaced = typeof issue.input === "string" && issue.kind === "schema" && !SHOWN.has(issue.type);
  return isMisplaced
    ? new TypeError(`${path} is a text, but ${why}`)
    : refuse(path, describe(issue.input), why);
}

/** What a text may have been meant for, so that it can be named in an error. */
const SHOWN: ReadonlySet<string> = new Set(["number", "boolean", "picklist"]);

function describe(value: unknown): unknown {
  return typeof value === "object" && value !== null
    ? Array.isArray(value)
      ? "a list"
      : "an object"
    : value;
}

function checkBaseURL(text: string): URL {
  const url = URL.parse(text);
  const example = 'write an origin such as "https://app.example.com"';
  if (url === null) throw refuse("baseURL", text, `it is no URL: ${example}`);
  if (url.username !== "" || url.password !== "")
    throw new TypeError(`baseURL holds credentials: ${example}`);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw refuse(
      "baseURL",
      text,
      `it has more than an origin: ${example}; the path of the routes is basePath`,
    );
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw refuse("baseURL", text, `cookies must be Secure everywhere but on localhost: ${example}`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw refuse("baseURL", text, `it is neither https nor http: ${example}`);
  }
  return url;
}

function checkSecrets(given: string | readonly string[] | undefined, baseURL: URL | null): readonly string[] {
  const secrets = given === undefined ? [] : typeof given === "string" ? [given] : given;
  if (secrets.length === 0 && baseURL !== null && !isLoopback(baseURL.hostname)) {
    throw new TypeError(
      "secret is missing, but it is required outside localhost: pass 32 random bytes in base64",
    );
  }
  const make = "make one with: openssl rand -base64 32";
  for (const secret of secrets) {
    if (new TextEncoder().encode(secret).length < MIN_SECRET_BYTES) {
      throw new TypeError(`secret is shorter than ${MIN_SECRET_BYTES} bytes: ${make}`);
    }
    if (secret.trim() !== secret || /^(["']).*\1$/.test(secret)) {
      throw new TypeError(
        "secret begins or ends with white space or quotes: strip what the environment added",
      );
    }
    if (new Set(secret).size < MIN_SECRET_VARIETY || /change.?me|example|your.?secret/i.test(secret)) {
      throw new TypeError(`secret can be guessed: ${make}`);
    }
  }
  if (new Set(secrets).size !== secrets.length)
    throw new TypeError("secret has the same value twice: remove one");
  return Object.freeze([...secrets]);
}

function checkKeys(
  options: AuthOptions<unknown, User>,
  algorithm: Algorithm,
  secrets: readonly string[],
): void {
  const provided = options.keys?.provided;
  if (algorithm === "HS256") {
    if (provided !== undefined)
      throw new TypeError("keys.provided has no use with HS256: pass secret instead");
    if (secrets.length === 0) throw new TypeError("secret is missing, but HS256 is keyed with it: pass one");
    return;
  }
  const fault = provided === undefined ? null : faultOfProvided(provided, algorithm);
  if (fault !== null) throw new TypeError(`keys.provided ${fault}`);
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

function checkCookies(
  given: Exclude<AuthOptions["cookies"], undefined>,
  baseURL: URL | null,
  basePath: string,
): Config["cookies"] {
  const refreshPath = given.refreshPath ?? "/";
  if (refreshPath !== "/" && refreshPath !== basePath) {
    throw refuse("cookies.refreshPath", refreshPath, `it must be "/" or basePath, "${basePath}"`);
  }
  const domain = given.domain ?? null;
  const host = baseURL?.hostname ?? "";
  if (domain !== null && host !== domain && !host.endsWith(`.${domain}`)) {
    throw refuse("cookies.domain", domain, "a browser takes it only from baseURL's host or a parent of it");
  }
  const names = {
    access: given.names?.access ?? "latchkey.access",
    refresh: given.names?.refresh ?? "latchkey.refresh",
  };
  if (names.access === names.refresh) throw refuse("cookies.names", names.access, "both names are the same");
  const sameSite = given.sameSite ?? "lax";
  return { names, domain, sameSite, refreshPath, previous: given.previous ?? [] };
}
