import { type AuthorizationServer, allowInsecureRequests, customFetch } from "oauth4webapi";
import { listedKeys, type Members } from "../keys/jwk.ts";
import { type Env, now, shareRun } from "../platform/env.ts";
import { type EpochSeconds, hours, minutes, type Seconds } from "../platform/time.ts";
import { getJson, limitedFetch } from "./request.ts";

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

/** Returns the metadata and the keys of an issuer, and keeps them. Fails with `oauth_failed`. */
export function issuerFrom(env: Env, source: MetadataSource): () => Promise<Issuer> {
  if (typeof source !== "function") {
    const known = { metadata: source, keys: issuerKeys(env, source.jwks_uri) };
    return async () => known;
  }
  const { get } = cached(env, METADATA_LIFETIME, async () => {
    const metadata = await source();
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
