import {
  type AuthorizationServer,
  discoveryRequest,
  PARSE_ERROR,
  processDiscoveryResponse,
} from "oauth4webapi";
import { type CachePauses, refreshingCache } from "../keys/cache.ts";
import { listedKeys, type Members } from "../keys/jwk.ts";
import { isRecord, own } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import { hours, minutes, type Seconds } from "../platform/time.ts";
import { oauthFault } from "./provider.ts";
import { getJson, requestOptions } from "./request.ts";

/** The metadata of an OpenID provider that a sign-in needs, by the names of OpenID Connect Discovery 1.0. */
export interface ProviderMetadata extends AuthorizationServer {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
}

/** The metadata of a provider, or the issuer whose discovery document has them. */
export type MetadataSource = ProviderMetadata | string;

/** An issuer that is known: its metadata and its keys. */
export interface Issuer {
  readonly metadata: ProviderMetadata;
  readonly keys: IssuerKeys;
}

/** The age at which metadata are fetched again. */
const METADATA_LIFETIME: Seconds = hours(1);
/** The age at which a key set is fetched again: a key that the provider withdrew is not trusted for longer. */
const KEYS_LIFETIME: Seconds = minutes(10);

const NO_PAUSES: CachePauses = { loaded: 0, missed: 0, empty: 0 };

/** Returns the metadata and the keys of an issuer, and keeps them. Fails with `oauth_failed`. */
export function issuerFrom(env: Env, source: MetadataSource): () => Promise<Issuer> {
  if (typeof source !== "string") {
    const known = { metadata: source, keys: issuerKeys(env, source.jwks_uri) };
    return async () => known;
  }
  const cache = refreshingCache<Issuer>({
    env,
    pauses: NO_PAUSES,
    load: async () => {
      const metadata = await discover(env, source);
      return { metadata, keys: issuerKeys(env, metadata.jwks_uri) };
    },
    supersedes: () => true,
  });
  // Old metadata are not used in place of new ones that cannot be fetched.
  return async () => cache.fresh(METADATA_LIFETIME) ?? cache.load();
}

/** Finds out whether one of the keys that a token may be signed by did sign it. */
export type IssuerKeys = (
  /** Whether this key may have signed the token, by its own members. */
  fits: (jwk: Members) => boolean,
  isSignedBy: (jwk: Members) => Promise<boolean>,
) => Promise<boolean>;

/** Where several keys fit (OpenID Connect Core 10.1), the first few are tried. */
const MAX_KEYS = 8;
/** After a load without a key that signed the token, the next load for a known kid waits (JWT-05). */
const PAUSES: CachePauses = { loaded: 0, missed: 10, empty: 0 };

/** The keys of a provider. They are fetched at the first token, and once more for a token that none of them signed. */
export function issuerKeys(env: Env, url: string): IssuerKeys {
  const load = async (): Promise<readonly Members[]> => listedKeys(await getJson(env, url));
  const cache = refreshingCache({ env, pauses: PAUSES, load, supersedes: () => true });
  return async (fits, isSignedBy) => {
    const some = (keys: readonly Members[]): readonly Members[] => keys.filter(fits).slice(0, MAX_KEYS);
    const known = some(cache.fresh(KEYS_LIFETIME) ?? []);
    if (await isAny(known, isSignedBy)) return true;
    // A new key may have no kid, or that of an old one. For an unknown kid there is no pause: the token comes from the
    // provider itself, which may rotate at any time.
    if (known.length > 0 && cache.isPaused()) return false;
    const isJoined = cache.isLoading();
    const isSigned =
      (await isAny(some(await cache.load()), isSignedBy)) ||
      // The load that this call joined may predate the key.
      (isJoined && (await isAny(some(await cache.load()), isSignedBy)));
    if (!isSigned) cache.pause();
    return isSigned;
  };
}

async function isAny(
  keys: readonly Members[],
  isSignedBy: (jwk: Members) => Promise<boolean>,
): Promise<boolean> {
  for (const jwk of keys) if (await isSignedBy(jwk).catch(() => false)) return true;
  return false;
}

/** Fetches the discovery document of an issuer (OpenID Connect Discovery 1.0). Fails with `oauth_failed`. */
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
