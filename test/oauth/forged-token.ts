import {
  createHash,
  createHmac,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from "node:crypto";

export type Algorithm = "RS256" | "ES256" | "EdDSA";
/** Members of a JSON object; one that is undefined is left out. */
export type Members = Readonly<Record<string, unknown>>;

/** A key that a test owns. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As a JWKS lists it: public, with `kid`, `alg` and `use`. */
  readonly jwk: JsonWebKey;
}

/** What signs: a key of a test, the bytes of an HMAC, or nothing at all. */
export type Signer = SigningKey | { readonly secret: string | Uint8Array } | null;

export interface Forgery {
  readonly claims: Members;
  /** Laid over the right header; `{ kid: undefined }` leaves the kid out. */
  readonly header?: Members;
  readonly key: Signer;
}

export function makeSigningKey(alg: Algorithm, kid: string): SigningKey {
  const { privateKey, publicKey } = keyPair(alg);
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
  return { kid, alg, privateKey, publicKey, jwk };
}

function keyPair(alg: Algorithm): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (alg === "EdDSA") return generateKeyPairSync("ed25519");
  if (alg === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  return generateKeyPairSync("rsa", { modulusLength: 2_048 });
}

/** Signs any claims under any header. The header may lie: the signature is the key's own kind, whatever `alg` says. */
export function forge({ claims, header = {}, key }: Forgery): string {
  const honest = {
    alg: algorithmOf(key),
    typ: "JWT",
    kid: key !== null && "kid" in key ? key.kid : undefined,
  };
  const data = `${encode({ ...honest, ...header })}.${encode(claims)}`;
  return `${data}.${signature(key, data)}`;
}

function algorithmOf(key: Signer): string {
  if (key === null) return "none";
  return "alg" in key ? key.alg : "HS256";
}

function encode(members: Members): string {
  return Buffer.from(JSON.stringify(members)).toString("base64url");
}

function signature(key: Signer, data: string): string {
  if (key === null) return "";
  if ("secret" in key) return createHmac("sha256", key.secret).update(data).digest("base64url");
  const digest = key.alg === "EdDSA" ? null : "sha256";
  // JWS wants r and s side by side: RFC 7518 3.4.
  return sign(digest, Buffer.from(data), { key: key.privateKey, dsaEncoding: "ieee-p1363" }).toString(
    "base64url",
  );
}

/** The same token with one bit of its signature turned. */
export function withBadSignature(token: string): string {
  const [header, payload, signed = ""] = token.split(".");
  const bytes = Buffer.from(signed, "base64url");
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return `${header}.${payload}.${bytes.toString("base64url")}`;
}

/** The ways to mistake a public key for an HMAC secret. */
export function publicSecrets(key: SigningKey): Readonly<Record<"pem" | "der" | "jwk", string | Uint8Array>> {
  return {
    pem: key.publicKey.export({ type: "spki", format: "pem" }),
    der: key.publicKey.export({ type: "spki", format: "der" }),
    jwk: JSON.stringify(key.jwk),
  };
}

/** The `at_hash` of an access token: OIDC Core 3.1.3.6; Ed25519 goes with SHA-512. */
export function atHash(accessToken: string, alg: Algorithm): string {
  const digest = createHash(alg === "EdDSA" ? "sha512" : "sha256")
    .update(accessToken)
    .digest();
  return digest.subarray(0, digest.length / 2).toString("base64url");
}
