import { labelledHash } from "../platform/digest.ts";
import { toBase64url } from "../platform/encoding.ts";
import { type AsymmetricAlgorithm, algorithmFacts, normalizeAlgorithm } from "./algorithms.ts";
import {
  faultOfNumbers,
  importKey,
  isWholePrivateKey,
  type Jwk,
  type PublicJwk,
  plainJwk,
  publicJwk,
} from "./jwk.ts";
import { KID } from "./jws.ts";
import type { Keys, SigningKey, VerificationKey } from "./keys.ts";
import { deriveBytes } from "./seal.ts";

/**
 * Checks the keys of `keys.provided`. Returns their fault, or null. It does not check that the parts of a key
 * match each other and the curve: the first request does so, when it imports the keys.
 */
export function faultOfProvided(jwks: readonly Jwk[], algorithm: AsymmetricAlgorithm): string | null {
  const kids = new Set<string>();
  for (const jwk of jwks) {
    if (jwk.kty !== algorithmFacts[algorithm].kty)
      return `has a key of type ${jwk.kty}, which cannot sign ${algorithm}`;
    if (jwk.alg !== undefined && normalizeAlgorithm(jwk.alg) !== algorithm)
      return `has a key for ${jwk.alg}, not for ${algorithm}`;
    if (jwk.use !== undefined && jwk.use !== "sig") return "has a key whose use is not sig";
    if (jwk.key_ops !== undefined && !jwk.key_ops.some((op) => op === "sign" || op === "verify"))
      return "has a key whose key_ops allow neither sign nor verify";
    // RFC 7518 6.3.2.7: the key is not complete without its other primes, which are not supported.
    if (jwk.oth !== undefined && jwk.oth.length > 0) return "has a key of more than two primes";
    const unsound = faultOfNumbers(jwk, algorithm);
    if (unsound !== null) return unsound;
    if (jwk.kid === undefined || jwk.kid === "") return "has a key without kid";
    if (!KID.test(jwk.kid)) return "has a kid that is not 1 to 64 of A-Z a-z 0-9 _ -";
    if (kids.has(jwk.kid)) return `has the kid ${jwk.kid} twice`;
    kids.add(jwk.kid);
  }
  const [first] = jwks;
  if (first?.d === undefined) return "must begin with a private key, the one that signs";
  if (first.key_ops !== undefined && !first.key_ops.includes("sign"))
    return "has a first key that may not sign";
  return isWholePrivateKey(first, algorithm) ? null : "has a private key of a wrong length";
}

/** Makes the keys of `keys.provided`: the first signs, all of them verify. */
export function providedKeys(jwks: readonly Jwk[], algorithm: AsymmetricAlgorithm): Keys {
  let imported: Promise<Imported> | null = null;
  const keys = (): Promise<Imported> => {
    imported ??= importAll(jwks, algorithm);
    return imported;
  };
  return {
    signing: async () => (await keys()).signing,
    find: async (kid) => (await keys()).verification.get(kid) ?? null,
    jwks: async () => ({ keys: (await keys()).listed }),
    rotate: () => Promise.reject(new TypeError("keys.rotate: rotate keys.provided in your configuration")),
    revoke: () =>
      Promise.reject(new TypeError("keys.revoke: remove the key from keys.provided in your configuration")),
  };
}

interface Imported {
  readonly signing: SigningKey;
  readonly verification: ReadonlyMap<string, VerificationKey>;
  readonly listed: readonly PublicJwk[];
}

async function importAll(jwks: readonly Jwk[], algorithm: AsymmetricAlgorithm): Promise<Imported> {
  const [first] = jwks;
  if (first?.kid === undefined) throw new TypeError("keys.provided is empty");
  const listed = jwks.map((jwk) => publicJwk({ ...jwk }, jwk.kid ?? "", algorithm));
  return {
    signing: { kid: first.kid, algorithm, key: await importKey(first, algorithm) },
    verification: new Map(listed.map((jwk) => [jwk.kid, { kid: jwk.kid, algorithm, key: plainJwk(jwk) }])),
    listed,
  };
}

type SecretKey = SigningKey & VerificationKey;

/** HS256 keys derived from `secret`: the newest signs, all of them verify, and none is in the key set. */
export function sharedSecretKeys(secrets: readonly string[]): Keys {
  let derived: Promise<readonly SecretKey[]> | null = null;
  const keys = (): Promise<readonly SecretKey[]> => {
    derived ??= Promise.all(secrets.map(deriveKey));
    return derived;
  };
  return {
    async signing() {
      const [newest] = await keys();
      if (newest === undefined) throw new TypeError("secret: HS256 needs at least one secret");
      return newest;
    },
    find: async (kid) => (await keys()).find((key) => key.kid === kid) ?? null,
    jwks: async () => ({ keys: [] }),
    rotate: () => Promise.reject(new TypeError("keys.rotate: with HS256, add a new first secret instead")),
    revoke: () => Promise.reject(new TypeError("keys.revoke: with HS256, remove the secret instead")),
  };
}

async function deriveKey(secret: string): Promise<SecretKey> {
  const bytes = await deriveBytes(secret, "hs256");
  const kid = `hs-${toBase64url(labelledHash("hs256-kid", bytes).subarray(0, 9))}`;
  return { kid, algorithm: "HS256", key: bytes };
}
