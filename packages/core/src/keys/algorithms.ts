/** An asymmetric signature algorithm of a key ring (RFC 7518, RFC 8037). */
export type AsymmetricAlgorithm = "EdDSA" | "ES256" | "RS256" | "PS256";

/** Every algorithm for access tokens. The key determines it, never the token (RFC 8725 3.1). */
export type Algorithm = AsymmetricAlgorithm | "HS256";

/** Where an algorithm is used. */
type Use = "access_token" | "id_token";

/** The facts about a signature algorithm. */
export interface AlgorithmFacts {
  readonly uses: readonly Use[];
  /** The key type (RFC 7517 4.1). */
  readonly kty: "OKP" | "EC" | "RSA" | "oct";
  /** The curve of its keys; null if they have none. */
  readonly crv: string | null;
  /** The hash of the algorithm, which `at_hash` of an ID token also uses. */
  readonly hash: "SHA-256" | "SHA-384" | "SHA-512";
  /** The length of every signature, in bytes; null if it depends on the key. */
  readonly signatureLength: number | null;
}

const BOTH: readonly Use[] = ["access_token", "id_token"];
const ID_TOKEN: readonly Use[] = ["id_token"];

function rsa(hash: AlgorithmFacts["hash"], uses: readonly Use[]): AlgorithmFacts {
  return { uses, kty: "RSA", crv: null, hash, signatureLength: null };
}

// RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2. HS256 is never for ID tokens: a client secret is no signing key.
const facts = {
  EdDSA: { uses: BOTH, kty: "OKP", crv: "Ed25519", hash: "SHA-512", signatureLength: 64 },
  Ed25519: { uses: ID_TOKEN, kty: "OKP", crv: "Ed25519", hash: "SHA-512", signatureLength: 64 },
  ES256: { uses: BOTH, kty: "EC", crv: "P-256", hash: "SHA-256", signatureLength: 64 },
  ES384: { uses: ID_TOKEN, kty: "EC", crv: "P-384", hash: "SHA-384", signatureLength: 96 },
  ES512: { uses: ID_TOKEN, kty: "EC", crv: "P-521", hash: "SHA-512", signatureLength: 132 },
  RS256: rsa("SHA-256", BOTH),
  RS384: rsa("SHA-384", ID_TOKEN),
  RS512: rsa("SHA-512", ID_TOKEN),
  PS256: rsa("SHA-256", BOTH),
  PS384: rsa("SHA-384", ID_TOKEN),
  PS512: rsa("SHA-512", ID_TOKEN),
  HS256: { uses: ["access_token"], kty: "oct", crv: null, hash: "SHA-256", signatureLength: 32 },
} as const satisfies Readonly<Record<string, AlgorithmFacts>>;

/** The facts about each algorithm for access tokens. */
export const algorithmFacts: Readonly<Record<Algorithm, AlgorithmFacts>> = facts;

/** The algorithms for one kind of token, and their facts. */
export function algorithmsFor(use: Use): ReadonlyMap<string, AlgorithmFacts> {
  return new Map(Object.entries<AlgorithmFacts>(facts).filter(([, { uses }]) => uses.includes(use)));
}

/** Whether a value names an algorithm of a key ring. */
export function isAsymmetric(value: unknown): value is AsymmetricAlgorithm {
  return hasFacts(value, "access_token") && facts[value].kty !== "oct";
}

function hasFacts(value: unknown, use: Use): value is keyof typeof facts {
  if (typeof value !== "string" || !Object.hasOwn(facts, value)) return false;
  return facts[value as keyof typeof facts].uses.some((known) => known === use);
}

/** Maps `Ed25519` to `EdDSA`, which Latchkey uses: some libraries write the former (RFC 9864 2.2). */
export function normalizeAlgorithm(alg: unknown): unknown {
  return alg === "Ed25519" ? "EdDSA" : alg;
}
