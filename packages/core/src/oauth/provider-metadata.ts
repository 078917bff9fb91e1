import type { AuthorizationServer } from "oauth4webapi";
import { type CachePauses, refreshingCache } from "../keys/cache.ts";
import { listedKeys, type Members } from "../keys/jwk.ts";
import { hours, minutes, type Seconds } from "../platform/time.ts";
import { type Channel, getJson } from "./request.ts";

/** The metadata of an OpenID provider that a sign-in needs, by the names of OpenID Connect Discovery 1.0. */
export interface ProviderMetadata extends AuthorizationServer {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
}

/** The metadata of a provider, or how they are found. */
export type MetadataSource = ProviderMetadata | (() => Promise<ProviderMetadata>);

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
export function issuerFrom(channel: Channel, source: MetadataSource): () => Promise<Issuer> {
  if (typeof source !== "function") {
    const known = { metadata: source, keys: issuerKeys(channel, source.jwks_uri) };
    return async () => known;
  }
  const cache = refreshingCache<Issuer>({
    env: channel.env,
    pauses: NO_PAUSES,
    load: async () => {
      const metadata = await source();
      return { metadata, keys: issuerKeys(channel, metadata.jwks_uri) };
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
  /** Where the token comes from. Any client can make one with a key id that no set has. Default the provider. */
  from?: "provider" | "client",
) => Promise<boolean>;

/** Where several keys fit (OpenID Connect Core 10.1), the first few are tried. */
const MAX_KEYS = 8;
/** After a load without a key that signed the token, the next load for a known kid waits (JWT-05). */
const PAUSES: CachePauses = { loaded: 0, missed: 10, empty: 0 };

/** The keys of a provider. They are fetched at the first token, and once more for a token that none of them signed. */
export function issuerKeys(channel: Channel, url: string): IssuerKeys {
  const load = async (): Promise<readonly Members[]> => listedKeys(await getJson(channel, url));
  const cache = refreshingCache({ env: channel.env, pauses: PAUSES, load, supersedes: () => true });
  return async (fits, isSignedBy, from = "provider") => {
    const some = (keys: readonly Members[]): readonly Members[] => keys.filter(fits).slice(0, MAX_KEYS);
    const fresh = cache.fresh(KEYS_LIFETIME);
    const known = some(fresh ?? []);
    if (await isAny(known, isSignedBy)) return true;
    // A new key may have no kid, or that of an old one. For an unknown kid there is no pause: the token comes from the
    // provider itself, which may rotate at any time. One that any client sent must not make us ask the provider each time.
    const mayWait = known.length > 0 || (from === "client" && fresh !== null);
    if (mayWait && cache.isPaused()) return false;
    const isJoined = cache.isLoading();
    let isSigned = false;
    try {
      isSigned = await isAny(some(await cache.load()), isSignedBy);
      // The load that this call joined may predate the key.
      if (!isSigned && isJoined) isSigned = await isAny(some(await cache.load()), isSignedBy);
      return isSigned;
    } finally {
      if (!isSigned) cache.pause();
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
