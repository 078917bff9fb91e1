import type { Env } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { fetchJson } from "../platform/fetch-json.ts";
import { own, parseJson } from "../platform/json.ts";
import { minutes, type Seconds } from "../platform/time.ts";
import { algorithmNamed, factsOf, isAsymmetric } from "./algorithms.ts";
import { type CachePauses, refreshingCache } from "./cache.ts";
import { faultOfNumbers, listedKeys, type Members, plainJwk } from "./jwk.ts";
import { KID, type VerificationKey } from "./keys.ts";

type KeySet = ReadonlyMap<string, VerificationKey>;

/** How long a key set is good without another load; the same as of a server with a store. */
const MAX_AGE: Seconds = minutes(10);
/** After a load, whatever came of it, the next one waits (JWT-05); while there are no keys at all, only a moment. */
const PAUSES: CachePauses = { loaded: 30, missed: 30, empty: 1 };

/**
 * The keys of a server elsewhere, by its key set (RFC 7517). They are fetched at the first token, again when a token
 * names a key that is not among them, and kept while the server does not answer.
 */
export function remoteKeys(env: Env, url: string): (kid: string) => Promise<VerificationKey | null> {
  const cache = refreshingCache<KeySet>({ env, pauses: PAUSES, load: () => fetchKeys(env, url) });
  return async (kid) => {
    const find = (keys: KeySet): VerificationKey | null => keys.get(kid) ?? null;
    const known = cache.findKnown(MAX_AGE, find);
    if (known !== null) return known;
    return cache.findOrLoad(find).catch((error: unknown) => {
      if (cache.findKnown(MAX_AGE, (keys) => keys) === null) throw error;
      // The other keys stay good while the server does not answer, and this one is unknown.
      return null;
    });
  };
}

async function fetchKeys(env: Env, url: string): Promise<KeySet> {
  const answer = await fetchJson(env, url, { headers: { accept: "application/json" } });
  const keys = answer.ok && answer.status === 200 ? readKeySet(parseJson(answer.text)) : null;
  if (keys === null) throw new AuthError("store_unavailable", "the key set cannot be fetched");
  return keys;
}

/** Reads a key set; null where it holds no key of ours. A key says its algorithm, or it is not used (RFC 8725 3.1). */
export function readKeySet(set: unknown): KeySet | null {
  const keys = listedKeys(set)
    .map(readKey)
    .filter((key) => key !== null);
  return keys.length === 0 ? null : new Map(keys.map((key) => [key.kid, key]));
}

function readKey(jwk: Members): VerificationKey | null {
  const [kid, algorithm] = [own(jwk, "kid"), algorithmNamed(own(jwk, "alg"))];
  if (typeof kid !== "string" || !KID.test(kid) || !isAsymmetric(algorithm)) return null;
  if (own(jwk, "kty") !== factsOf(algorithm).kty || own(jwk, "d") !== undefined) return null;
  if ((own(jwk, "use") ?? "sig") !== "sig" || faultOfNumbers(jwk, algorithm) !== null) return null;
  return { kid, algorithm, key: plainJwk(jwk) };
}
