import { toBase64url } from "../platform/bytes.ts";
import { labelledHash } from "../platform/digest.ts";
import type { Keys, SigningKey, VerificationKey } from "./keys.ts";

type SecretKey = SigningKey & VerificationKey;

import { deriveBytes } from "./seal.ts";

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
