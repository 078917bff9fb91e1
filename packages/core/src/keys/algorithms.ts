/** An asymmetric signature algorithm of a key ring (RFC 7518, RFC 8037). */
export type AsymmetricAlgorithm = "EdDSA" | "ES256" | "RS256" | "PS256";

/** Every algorithm for access tokens. The key determines it, never the token (RFC 8725 3.1). */
export type Algorithm = AsymmetricAlgorithm | "HS256";

interface AlgorithmFacts {
  /** The key type (RFC 7517 4.1). */
  readonly kty: string;
  /** The curve of its keys; null if they have none. */
  readonly crv: string | null;
  /** The members that are coordinates on the curve. */
  readonly coordinates: readonly ("x" | "y")[];
  /** The length of every signature, in bytes; null if it depends on the key. */
  readonly signatureLength: number | null;
}

const facts: Readonly<Record<Algorithm, AlgorithmFacts>> = {
  EdDSA: { kty: "OKP", crv: "Ed25519", coordinates: ["x"], signatureLength: 64 },
  ES256: { kty: "EC", crv: "P-256", coordinates: ["x", "y"], signatureLength: 64 },
  RS256: { kty: "RSA", crv: null, coordinates: [], signatureLength: null },
  PS256: { kty: "RSA", crv: null, coordinates: [], signatureLength: null },
  HS256: { kty: "oct", crv: null, coordinates: [], signatureLength: 32 },
};

export const algorithms: readonly Algorithm[] = Object.keys(facts).filter(isAlgorithm);

/** The facts of one algorithm. */
export function factsOf(algorithm: Algorithm): AlgorithmFacts {
  return facts[algorithm];
}

/** Whether a value names an algorithm of a key ring. */
export function isAsymmetric(value: unknown): value is AsymmetricAlgorithm {
  return isAlgorithm(value) && facts[value].kty !== "oct";
}

function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === "string" && Object.hasOwn(facts, value);
}

/** Maps `Ed25519` to `EdDSA`, which Latchkey uses: some libraries write the former (RFC 9864 2.2). */
export function normalizeAlgorithm(alg: unknown): unknown {
  return alg === "Ed25519" ? "EdDSA" : alg;
}
