import { importJWK, type JWK } from "jose";
import { type AsymmetricAlgorithm, keyTypes, type PublicJwk, publicJwk } from "./algorithms.ts";
import type { Keys, SigningKey } from "./keys.ts";

/** Checks keys that the application brings; returns what is wrong with them, or null. */
export function faultOfProvided(jwks: readonly JWK[], algorithm: AsymmetricAlgorithm): string | null {
  const kids = new Set<string>();
  for (const jwk of jwks) {
    if (jwk.kty !== keyTypes[algorithm])
      return `has a key of type ${jwk.kty}, which cannot sign ${algorithm}`;
    if (jwk.alg !== undefined && jwk.alg !== algorithm)
      return `has a key for ${jwk.alg}, not for ${algorithm}`;
    if (jwk.use !== undefined && jwk.use !== "sig") return "has a key whose use is not sig";
    if (jwk.key_ops !== undefined && !jwk.key_ops.some((op) => op === "sign" || op === "verify"))
      return "has a key whose key_ops allow neither sign nor verify";
    if (jwk.n !== undefined && jwk.n.length < 342) return "has an RSA key of less than 2048 bits";
    if (jwk.kid === undefined || jwk.kid === "") return "has a key without kid";
    if (kids.has(jwk.kid)) return `has the kid ${jwk.kid} twice`;
    kids.add(jwk.kid);
  }
  const [first] = jwks;
  return first?.d === undefined ? "must begin with a private key, the one that signs" : null;
}

/** Keys that the application brings: the first signs, all of them verify. */
export function providedKeys(jwks: readonly JWK[], algorithm: AsymmetricAlgorithm): Keys {
  let imported: Promise<Imported> | null = null;
  const keys = (): Promise<Imported> => {
    imported ??= importAll(jwks, algorithm);
    return imported;
  };
  return {
    signing: async () => (await keys()).signing,
    find: async (kid) => (await keys()).verification.get(kid) ?? null,
    jwks: async () => ({ keys: (await keys()).listed }),
    rotate: () => Promise.reject(new TypeError("keys.rotate: keys.provided are yours to rotate")),
    revoke: () => Promise.reject(new TypeError("keys.revoke: keys.provided are yours to revoke")),
  };
}

interface Imported {
  readonly signing: SigningKey;
  readonly verification: ReadonlyMap<string, SigningKey>;
  readonly listed: readonly PublicJwk[];
}

async function importAll(jwks: readonly JWK[], algorithm: AsymmetricAlgorithm): Promise<Imported> {
  const listed = jwks.map((jwk) => publicJwk({ ...jwk }, jwk.kid ?? "", algorithm));
  const verification = new Map<string, SigningKey>();
  for (const jwk of listed) {
    verification.set(jwk.kid, { kid: jwk.kid, algorithm, key: await importJWK(jwk, algorithm) });
  }
  const [first] = jwks;
  if (first?.kid === undefined) throw new TypeError("keys.provided is empty");
  return {
    signing: { kid: first.kid, algorithm, key: await importJWK(first, algorithm) },
    verification,
    listed,
  };
}
