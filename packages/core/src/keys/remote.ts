import { parseJson } from "../platform/encoding.ts";
import type { Env } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { fetchJson } from "../platform/fetch-json.ts";
import { minutes, type Seconds } from "../platform/time.ts";
import { type CachePauses, refreshingCache } from "./cache.ts";
import type { KeySet } from "./key-set.ts";
import type { Keys, VerificationKey } from "./keys.ts";

/** The maximum age of a key set, the same as on a server with a store. */
const MAX_AGE: Seconds = minutes(10);
/** Each load is followed by a pause (JWT-05), which is short if there are no keys yet. */
const PAUSES: CachePauses = { loaded: 30, missed: 30, empty: 1 };

/**
 * Makes the keys of another server from its key set (RFC 7517). They are fetched at the first token, and again when a token
 * names an unknown key. They are kept while the server does not respond. `read` is
 * `readKeySet`, which says which keys of a set are not used.
 */
export function remoteKeys(
  env: Env,
  url: string,
  read: (set: unknown) => KeySet | null,
): Pick<Keys, "find" | "known"> {
  const load = async (): Promise<KeySet> => {
    const answer = await fetchJson(env, url, { headers: { accept: "application/json" } });
    const keys = answer.ok && answer.status === 200 ? read(parseJson(answer.text)) : null;
    if (keys === null) throw new AuthError("store_unavailable", "the key set cannot be fetched");
    return keys;
  };
  const cache = refreshingCache<KeySet>({ env, pauses: PAUSES, load });
  return {
    async find(kid) {
      const find = (keys: KeySet): VerificationKey | null => keys.get(kid) ?? null;
      const known = cache.findKnown(MAX_AGE, find);
      if (known !== null) return known;
      return cache.findOrLoad(find).catch((error: unknown) => {
        if (cache.findKnown(MAX_AGE, (keys) => keys) === null) throw error;
        // While the server does not respond, the known keys stay valid and this key is unknown.
        return null;
      });
    },
    known: (kid, at) => cache.fresh(MAX_AGE, at)?.get(kid) ?? null,
  };
}
