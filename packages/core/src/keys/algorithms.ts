/** The asymmetric signature algorithms that a key ring can hold (RFC 7518, RFC 8037). */
export type AsymmetricAlgorithm = "EdDSA" | "ES256" | "RS256" | "PS256";

/** Every algorithm an access token can be signed with. A key has one; a token never chooses. */
export type Algorithm = AsymmetricAlgorithm | "HS256";

export const algorithms: readonly Algorithm[] = ["EdDSA", "ES256", "RS256", "PS256", "HS256"];

/** The key type of RFC 7517 that each algorithm signs with. */
export const keyTypes: Readonly<Record<AsymmetricAlgorithm, string>> = {
  EdDSA: "OKP",
  ES256: "EC",
  RS256: "RSA",
  PS256: "RSA",
};

/** The algorithm by our name for it: EdDSA is on Ed25519 here, and some say so (RFC 9864 2.2). */
export function algorithmNamed(alg: unknown): unknown {
  return alg === "Ed25519" ? "EdDSA" : alg;
}

// RFC 7518 6.2.2, 6.3.2 and RFC 8037 2: what must never leave in a key set.
const PUBLIC_MEMBERS = ["kty", "crv", "x", "y", "n", "e"] as const;

/** A public key as it stands in a key set. */
export interface PublicJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg: AsymmetricAlgorithm;
  readonly use: "sig";
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** Keeps the public members of a key, by name: an unknown member is never let through. */
export function publicJwk(
  jwk: Readonly<Record<string, unknown>>,
  kid: string,
  alg: AsymmetricAlgorithm,
): PublicJwk {
  const kept: Record<string, string> = {};
  for (const member of PUBLIC_MEMBERS) {
    const value = jwk[member];
    if (typeof value === "string") kept[member] = value;
  }
  return { ...kept, kty: keyTypes[alg], kid, alg, use: "sig" };
}
