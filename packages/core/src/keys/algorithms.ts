/** An asymmetric signature algorithm of a key ring (RFC 7518, RFC 8037). */
export type AsymmetricAlgorithm = "EdDSA" | "ES256" | "RS256" | "PS256";

/** Every algorithm for access tokens. The key determines it, never the token (RFC 8725 3.1). */
export type Algorithm = AsymmetricAlgorithm | "HS256";

/** An algorithm that only an ID token of a provider may have. */
type IdTokenAlgorithm = "Ed25519" | "ES384" | "ES512" | "RS384" | "RS512" | "PS384" | "PS512";

/** Every algorithm of a signature that is verified here. */
export type SignatureAlgorithm = Algorithm | IdTokenAlgorithm;

/** The facts about a signature algorithm. */
export interface AlgorithmFacts {
  /** The key type (RFC 7517 4.1). */
  readonly kty: "OKP" | "EC" | "RSA" | "oct";
  /** The curve of its keys; null if they have none. */
  readonly crv: string | null;
  /** The hash of the algorithm, which `at_hash` of an ID token also uses. */
  readonly hash: "SHA-256" | "SHA-384" | "SHA-512";
  /** The length of every signature, in bytes; null if it depends on the key. */
  readonly signatureLength: number | null;
}

interface UsedFacts<Use> extends AlgorithmFacts {
  /** Which tokens may have it. */
  readonly use: Use;
}

type Facts = Readonly<
  Record<Algorithm, UsedFacts<"both" | "access_token">> & Record<IdTokenAlgorithm, UsedFacts<"id_token">>
>;

function rsa(hash: AlgorithmFacts["hash"]): AlgorithmFacts {
  return { kty: "RSA", crv: null, hash, signatureLength: null };
}

// RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2. HS256 is never for ID tokens: a client secret is no signing key.
const facts: Facts = {
  EdDSA: { use: "both", kty: "OKP", crv: "Ed25519", hash: "SHA-512", signatureLength: 64 },
  Ed25519: { use: "id_token", kty: "OKP", crv: "Ed25519", hash: "SHA-512", signatureLength: 64 },
  ES256: { use: "both", kty: "EC", crv: "P-256", hash: "SHA-256", signatureLength: 64 },
  ES384: { use: "id_token", kty: "EC", crv: "P-384", hash: "SHA-384", signatureLength: 96 },
  ES512: { use: "id_token", kty: "EC", crv: "P-521", hash: "SHA-512", signatureLength: 132 },
  RS256: { use: "both", ...rsa("SHA-256") },
  RS384: { use: "id_token", ...rsa("SHA-384") },
  RS512: { use: "id_token", ...rsa("SHA-512") },
  PS256: { use: "both", ...rsa("SHA-256") },
  PS384: { use: "id_token", ...rsa("SHA-384") },
  PS512: { use: "id_token", ...rsa("SHA-512") },
  HS256: { use: "access_token", kty: "oct", crv: null, hash: "SHA-256", signatureLength: 32 },
};

/** The facts about each algorithm. */
export const algorithmFacts: Readonly<Record<SignatureAlgorithm, AlgorithmFacts>> = facts;

/** The algorithms for one kind of token, and their facts. */
export function algorithmsFor(
  token: "access_token" | "id_token",
): ReadonlyMap<SignatureAlgorithm, AlgorithmFacts> {
  const entries = Object.entries(facts) as [SignatureAlgorithm, UsedFacts<string>][];
  return new Map(entries.filter(([, { use }]) => use === token || use === "both"));
}

/** Whether a value names an algorithm of a key ring. */
export function isAsymmetric(value: unknown): value is AsymmetricAlgorithm {
  if (typeof value !== "string" || !Object.hasOwn(facts, value)) return false;
  return facts[value as keyof Facts].use === "both";
}

/** Maps `Ed25519` to `EdDSA`, which Latchkey uses: some libraries write the former (RFC 9864 2.2). */
export function normalizeAlgorithm(alg: unknown): unknown {
  return alg === "Ed25519" ? "EdDSA" : alg;
}
