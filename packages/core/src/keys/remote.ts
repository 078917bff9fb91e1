import { type Env, now, shareRun } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { fetchJson } from "../platform/fetch-json.ts";
import { own, parseJson } from "../platform/json.ts";
import { type EpochSeconds, minutes, type Seconds } from "../platform/time.ts";
import { algorithmNamed, factsOf, isAsymmetric } from "./algorithms.ts";
import { faultOfNumbers, listedKeys, type Members, plainJwk } from "./jwk.ts";
import { KID, type VerificationKey } from "./keys.ts";

type KeySet = ReadonlyMap<string, VerificationKey>;

/** How long a key set is good without another look; the same as of a server with a store. */
const MAX_AGE: Seconds = minutes(10);
/** After a look, whatever came of it, the next one waits this long (JWT-05). */
const COOL_DOWN: Seconds = 30;
/** The same where there are no keys to go on with. */
const RETRY: Seconds = 1;

/**
 * The keys of a server elsewhere, by its key set (RFC 7517). They are fetched at the first token, looked up anew when a
 * token names a key that is not among them, and kept for as long as the server does not answer.
 */
export function remoteKeys(env: Env, url: string): (kid: string) => Promise<VerificationKey | null> {
  let kept: { readonly keys: KeySet; readonly at: EpochSeconds } | null = null;
  let lookedAt: EpochSeconds | null = null;

  const look = async (): Promise<void> => {
    const at = now(env);
    // Claimed at once: where looks are not shared, nobody begins another meanwhile.
    if (kept !== null) lookedAt = at;
    const keys = await fetchKeys(env, url);
    lookedAt = at;
    if (keys !== null) kept = { keys, at };
  };
  const { run: lookOnce, isUnderWay } = shareRun(look);
  const isCoolingDown = (): boolean => {
    const age = lookedAt === null ? -1 : now(env) - lookedAt;
    return age >= 0 && age < (kept === null ? RETRY : COOL_DOWN);
  };

  return async (kid) => {
    const known = kept?.keys.get(kid);
    const isFresh = kept !== null && now(env) >= kept.at && now(env) < kept.at + MAX_AGE;
    if (known !== undefined) {
      // A key that is known waits for nobody, and so for no server that hangs.
      if (!isFresh && !isCoolingDown()) void lookOnce();
      return known;
    }
    if (isUnderWay() || !isCoolingDown()) await lookOnce();
    if (kept === null) throw new AuthError("store_unavailable", "the key set cannot be fetched");
    return kept.keys.get(kid) ?? null;
  };
}

async function fetchKeys(env: Env, url: string): Promise<KeySet | null> {
  const answer = await fetchJson(env, url, { headers: { accept: "application/json" } });
  if (!answer.ok || answer.status !== 200) return null;
  return readKeySet(parseJson(answer.text));
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
