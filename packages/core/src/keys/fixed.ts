import { labelledHash } from "../platform/digest.ts";
import { toBase64url } from "../platform/encoding.ts";
import { AuthError, faultName } from "../platform/errors.ts";
import type { AsymmetricAlgorithm } from "./algorithms.ts";
import { type Jwk, type PublicJwk, plainJwk, publicJwk } from "./jwk.ts";
import { isPair } from "./jws.ts";
import type { Keys, SigningKey, VerificationKey } from "./keys.ts";
import { importKey } from "./platform-key.ts";
import { deriveBytes } from "./seal.ts";

/**
 * Makes the keys of `keys.provided`: the first signs, all of them verify. Before the first use they are checked by one
 * signature.
 */
export function providedKeys(jwks: readonly Jwk[], algorithm: AsymmetricAlgorithm): Keys {
  let imported: Promise<Imported> | null = null;
  let known: Imported | null = null;
  const importOnce = async (): Promise<Imported> => {
    try {
      known = await importAll(jwks, algorithm);
      return known;
    } catch (error) {
      // The platform may have failed, so the next request tries again.
      imported = null;
      throw error;
    }
  };
  const keys = (): Promise<Imported> => {
    imported ??= importOnce();
    return imported;
  };
  return {
    signing: async () => (await keys()).signing,
    find: async (kid) => (await keys()).verification.get(kid) ?? null,
    known: (kid) => known?.verification.get(kid) ?? null,
    jwks: async () => ({ keys: (await keys()).listed }),
    check: keys,
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
  const listed = jwks.map((jwk) => publicJwk({ ...jwk }, jwk.kid ?? "", algorithm));
  const verification = listed.map((jwk) => ({ kid: jwk.kid, algorithm, key: plainJwk(jwk) }));
  const [newest] = verification;
  if (first === undefined || newest === undefined) throw new TypeError("keys.provided is empty");
  return {
    signing: await importSigner(first, newest, algorithm),
    verification: new Map(verification.map((key) => [key.kid, key])),
    listed,
  };
}

// The two parts of a key may belong to different keys. Some platforms refuse such a key, others sign with it.
async function importSigner(
  jwk: Jwk,
  verification: VerificationKey,
  algorithm: AsymmetricAlgorithm,
): Promise<SigningKey> {
  const { kid } = verification;
  try {
    const signing = { kid, algorithm, key: await importKey(jwk, algorithm) };
    if (await isPair(signing, verification)) return signing;
  } catch (error) {
    throw unusableKey(kid, `the platform refuses it (${faultName(error)})`);
  }
  throw unusableKey(kid, "its public part does not verify its signature");
}

function unusableKey(kid: string, reason: string): AuthError {
  return new AuthError(
    "internal_error",
    `keys.provided: the key with the kid "${kid}" cannot sign, because ${reason}. Export the private key again, with all of its members.`,
    null,
    { operation: "keys.provided" },
  );
}

type SecretKey = SigningKey & VerificationKey;

/** HS256 keys derived from `secret`: the newest signs, all of them verify, and none is in the key set. */
export function sharedSecretKeys(secrets: readonly string[]): Keys {
  let derived: Promise<readonly SecretKey[]> | null = null;
  let known: readonly SecretKey[] = [];
  const keys = (): Promise<readonly SecretKey[]> => {
    derived ??= Promise.all(secrets.map(deriveKey)).then((all) => {
      known = all;
      return all;
    });
    return derived;
  };
  return {
    async signing() {
      const [newest] = await keys();
      if (newest === undefined) throw new TypeError("secret: HS256 needs at least one secret");
      return newest;
    },
    find: async (kid) => (await keys()).find((key) => key.kid === kid) ?? null,
    known: (kid) => known.find((key) => key.kid === kid) ?? null,
    jwks: async () => ({ keys: [] }),
    check: keys,
    rotate: () => Promise.reject(new TypeError("keys.rotate: with HS256, add a new first secret instead")),
    revoke: () => Promise.reject(new TypeError("keys.revoke: with HS256, remove the secret instead")),
  };
}

async function deriveKey(secret: string): Promise<SecretKey> {
  const bytes = await deriveBytes(secret, "hs256");
  const kid = `hs-${toBase64url(labelledHash("hs256-kid", bytes).subarray(0, 9))}`;
  // Imported once: jose imports bytes at each signature, and at each check of one.
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);
  return { kid, algorithm: "HS256", key };
}
