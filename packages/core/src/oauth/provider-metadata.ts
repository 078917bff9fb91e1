import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  PARSE_ERROR,
  processDiscoveryResponse,
} from "oauth4webapi";
import { listedKeys, type Members } from "../keys/jwk.ts";
import { type Env, now, shareRun } from "../platform/env.ts";
import { isRecord, own } from "../platform/json.ts";
import { type EpochSeconds, hours, minutes, type Seconds } from "../platform/time.ts";
import { oauthFault } from "./fault.ts";
import { getJson, limitedFetch } from "./request.ts";

/** The metadata of an OpenID provider that a sign-in needs, by the names of OpenID Connect Discovery 1.0. */
export interface ProviderMetadata extends AuthorizationServer {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
}

/** The metadata of a provider, or the issuer that publishes them in a discovery document. */
export type MetadataSource = ProviderMetadata | string;

/** An issuer that is known: its metadata and its keys. */
export interface Issuer {
  readonly metadata: ProviderMetadata;
  readonly keys: IssuerKeys;
}

/** The age at which a discovery document is fetched again. */
const METADATA_LIFETIME: Seconds = hours(1);
/** The age at which a key set is fetched again: a key that the provider withdrew is not trusted for longer. */
const KEYS_LIFETIME: Seconds = minutes(10);

/** Returns the metadata and the keys of an issuer, and keeps them. Fails with `oauth_failed`. */
export function issuerFrom(env: Env, source: MetadataSource): () => Promise<Issuer> {
  if (typeof source !== "string") {
    const known = { metadata: source, keys: issuerKeys(env, source.jwks_uri) };
    return async () => known;
  }
  const { get } = cached(env, METADATA_LIFETIME, async () => {
    const metadata = await discover(env, source);
    return { metadata, keys: issuerKeys(env, metadata.jwks_uri) };
  });
  return get;
}

/** A value that is loaded when it is needed, and kept. */
export interface Cached<T> {
  /** The value that is kept; null where there is none, or it is too old. */
  readonly kept: () => T | null;
  /** Returns the value that is kept, or loads it. */
  readonly get: () => Promise<T>;
  /** Loads the value. Calls at the same time share one load. A failure is not kept. */
  readonly load: () => Promise<T>;
  readonly isLoading: () => boolean;
}

/** Keeps what `load` returns for `lifetime` seconds. */
export function cached<T>(env: Env, lifetime: Seconds, load: () => Promise<T>): Cached<T> {
  let last: { readonly at: EpochSeconds; readonly value: T } | null = null;
  const { run, isUnderWay } = shareRun(async () => {
    const at = now(env);
    const value = await load();
    last = { at, value };
    return value;
  });
  const kept = (): T | null => {
    const age = last === null ? -1 : now(env) - last.at;
    return last !== null && age >= 0 && age < lifetime ? last.value : null;
  };
  return { kept, load: run, get: async () => kept() ?? run(), isLoading: isUnderWay };
}

async function discover(env: Env, issuer: string): Promise<ProviderMetadata> {
  const url = new URL(issuer);
  const response = await discoveryRequest(url, requestOptions(env, { issuer }));
  const document = await processDiscoveryResponse(url, response).catch((error: unknown) => {
    const isParseError = error instanceof Error && "code" in error && error.code === PARSE_ERROR;
    throw oauthFault(isParseError ? "no_json" : "metadata");
  });
  const metadata = parseMetadata(document, issuer);
  if (metadata === null) throw oauthFault("metadata");
  return metadata;
}

interface RequestOptions {
  [customFetch]: ReturnType<typeof limitedFetch>;
  [allowInsecureRequests]: boolean;
}

/** The options of a request that oauth4webapi sends to a provider. */
export function requestOptions(
  env: Env,
  { issuer }: Pick<AuthorizationServer, "issuer">,
  statuses?: readonly number[],
): RequestOptions {
  return {
    [customFetch]: limitedFetch(env, statuses),
    // `checkIssuer` accepts http for an issuer on this machine alone, so no request leaves the machine unencrypted.
    [allowInsecureRequests]: issuer.startsWith("http://"),
  };
}

/**
 * Reads the metadata of a discovery document; null where it is of another issuer, or lacks what a sign-in needs.
 *
 * oauth4webapi compares issuers as URLs, and leaves the endpoints and the methods of client authentication to the caller.
 */
export function parseMetadata(document: unknown, issuer: string): ProviderMetadata | null {
  // Discovery 4.3: exactly the issuer that was asked for, or its keys would vouch for another issuer.
  if (!isRecord(document) || own(document, "issuer") !== issuer) return null;
  const at = (name: string): string | undefined => {
    const value = own(document, name);
    return typeof value === "string" && isProviderUrl(value, issuer) ? value : undefined;
  };
  const authorization_endpoint = at("authorization_endpoint");
  const token_endpoint = at("token_endpoint");
  const jwks_uri = at("jwks_uri");
  if (authorization_endpoint === undefined || token_endpoint === undefined || jwks_uri === undefined) {
    return null;
  }
  const listed = own(document, "token_endpoint_auth_methods_supported");
  const methods = Array.isArray(listed) ? listed.filter((method) => typeof method === "string") : null;
  if (methods !== null && !methods.some((method) => METHODS.includes(method))) return null;
  const userinfo_endpoint = at("userinfo_endpoint");
  return {
    issuer,
    authorization_endpoint,
    token_endpoint,
    jwks_uri,
    ...(userinfo_endpoint === undefined ? {} : { userinfo_endpoint }),
    ...(methods === null ? {} : { token_endpoint_auth_methods_supported: methods }),
    authorization_response_iss_parameter_supported:
      own(document, "authorization_response_iss_parameter_supported") === true,
  };
}

/** The methods by which we authenticate at a token endpoint (OpenID Connect Core 9). */
const METHODS: readonly string[] = ["client_secret_basic", "client_secret_post", "none"];

/** Whether a URL may be of a provider: https, or http where the issuer itself is on this machine. */
function isProviderUrl(text: string, issuer: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && issuer.startsWith("http://"));
}

/** Finds out whether one of the keys that a token may be signed by did sign it. */
export type IssuerKeys = (
  /** Whether this key may have signed the token, by its own members. */
  fits: (jwk: Members) => boolean,
  isSignedBy: (jwk: Members) => Promise<boolean>,
) => Promise<boolean>;

/** Where several keys fit (OpenID Connect Core 10.1), the first few are tried. */
const MAX_KEYS = 8;
/** After a load in vain, the next load for a token with a known kid waits this long (JWT-05). */
const COOL_DOWN: Seconds = 10;

/** The keys of a provider. They are fetched at the first token, and once more for a token that none of them signed. */
export function issuerKeys(env: Env, url: string): IssuerKeys {
  const { kept, load, isLoading } = cached(env, KEYS_LIFETIME, async () =>
    listedKeys(await getJson(env, url)),
  );
  let inVainAt: EpochSeconds | null = null;
  const isPausing = (): boolean => inVainAt !== null && Math.abs(now(env) - inVainAt) < COOL_DOWN;
  return async (fits, isSignedBy) => {
    const some = (keys: readonly Members[]): readonly Members[] => keys.filter(fits).slice(0, MAX_KEYS);
    const known = some(kept() ?? []);
    if (await isAny(known, isSignedBy)) return true;
    // A new key may have no kid, or that of an old one. For an unknown kid there is no pause: the token comes from the
    // provider itself, which may rotate at any time.
    if (known.length > 0 && isPausing()) return false;
    const wasLoading = isLoading();
    let isSigned = false;
    try {
      isSigned = await isAny(some(await load()), isSignedBy);
      // The load that this call joined may predate the key.
      if (!isSigned && wasLoading) isSigned = await isAny(some(await load()), isSignedBy);
      return isSigned;
    } finally {
      inVainAt = isSigned ? null : now(env);
    }
  };
}

async function isAny(
  keys: readonly Members[],
  isSignedBy: (jwk: Members) => Promise<boolean>,
): Promise<boolean> {
  for (const jwk of keys) if (await isSignedBy(jwk).catch(() => false)) return true;
  return false;
}
