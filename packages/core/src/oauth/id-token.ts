import { compactVerify, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from "jose";
import { decodeUtf8, fromBase64url, isBase64url, toBase64url, utf8 } from "../bytes.ts";
import { equalStrings } from "../digest.ts";
import { type Env, now as nowOf } from "../env.ts";
import { AuthError } from "../errors.ts";
import { FETCH_TIMEOUT } from "../fetch-json.ts";
import { isRecord, own, parseJson } from "../json.ts";
import { type EpochSeconds, minutes, type Seconds } from "../time.ts";
import { type OAuthFault, oauthFault } from "./fault.ts";
import { getJson } from "./request.ts";

/** Asymmetric ones only: a provider's public key or a client secret must never pass for a signing key (RFC 8725 3.1). */
export const idTokenAlgorithms: readonly string[] = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

const MAX_LENGTH = 16_384;
const MAX_KEYS = 8;
const TOLERANCE: Seconds = 60;
/** The token is fresh from the provider: an old one is another one's. */
const MAX_AGE: Seconds = minutes(10);

export type IdClaims = Readonly<Record<string, unknown>>;

export interface ExpectedIdToken {
  /** The issuer that the token must name, by its other claims where one provider has many. */
  readonly issuer: (claims: IdClaims) => string | null;
  readonly clientId: string;
  readonly nonce: string;
  readonly now: EpochSeconds;
}

/** Finds a provider's keys by the header of a token, and gets them anew, once, for a key that is not among them. */
export function issuerKeys(env: Env, url: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(url), {
    [customFetch]: async (address) => Response.json(await getJson(env, address)),
    // Only a token that the provider handed us just now asks: whoever rotates may do so at any time.
    cooldownDuration: 0,
    // How long they are good goes by the clock of `env`: whoever holds them lets go of them.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    timeoutDuration: (FETCH_TIMEOUT + 1) * 1_000,
  });
}

/**
 * Verifies the signature of an ID token and validates its claims (OpenID Connect Core 3.1.3.7), `at_hash` among them
 * where it is present. Fails with `oauth_failed`.
 */
export async function verifyIdToken(
  token: string,
  keys: JWTVerifyGetKey,
  accessToken: string,
  expected: ExpectedIdToken,
): Promise<IdClaims> {
  const algorithm = algorithmOf(token);
  if (algorithm === null) throw oauthFault("id_token_form");
  const payload = decodeUtf8(await verifySignature(token, keys));
  const claims = payload === null ? undefined : parseJson(payload);
  if (!isRecord(claims)) throw oauthFault("id_token_form");
  const fault = faultOfClaims(claims, expected);
  if (fault !== null) throw oauthFault(fault);
  const hash = own(claims, "at_hash");
  if (hash !== undefined && !(await isHashOf(hash, accessToken, algorithm))) {
    throw oauthFault("id_token_access");
  }
  return claims;
}

function algorithmOf(token: string): string | null {
  const parts = token.split(".");
  if (token.length > MAX_LENGTH || parts.length !== 3) return null;
  if (!parts.every((part) => part !== "" && isBase64url(part))) return null;
  const bytes = fromBase64url(parts[0] ?? "");
  const text = bytes === null ? null : decodeUtf8(bytes);
  const header = text === null ? undefined : parseJson(text);
  if (!isRecord(header)) return null;
  const [algorithm, type] = [own(header, "alg"), own(header, "typ")];
  // RFC 8725 3.11: an access token or a logout token is no ID token.
  if (type !== undefined && !(typeof type === "string" && type.toUpperCase() === "JWT")) return null;
  return typeof algorithm === "string" && idTokenAlgorithms.includes(algorithm) ? algorithm : null;
}

async function verifySignature(token: string, keys: JWTVerifyGetKey): Promise<Uint8Array> {
  const options = { algorithms: [...idTokenAlgorithms] };
  try {
    return (await compactVerify(token, keys, options)).payload;
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return verifyWithAny(token, error);
    throw error instanceof AuthError ? error : oauthFault("id_token_signature");
  }
}

// A token without `kid` where several keys would do (OpenID Connect Core 10.1): the first few are tried.
async function verifyWithAny(token: string, keys: AsyncIterable<CryptoKey>): Promise<Uint8Array> {
  let tried = 0;
  for await (const key of keys) {
    if (tried++ === MAX_KEYS) break;
    const verified = await compactVerify(token, key).catch(() => null);
    if (verified !== null) return verified.payload;
  }
  throw oauthFault("id_token_signature");
}

/** Validates the claims of an ID token whose signature is good; returns what is wrong with them, or null. */
export function faultOfClaims(claims: IdClaims, expected: ExpectedIdToken): OAuthFault | null {
  const issuer = expected.issuer(claims);
  if (issuer === null || own(claims, "iss") !== issuer) return "id_token_issuer";
  if (!isAudience(claims, expected.clientId)) return "id_token_audience";
  if (!isTimely(claims, expected.now)) return "id_token_time";
  const nonce = own(claims, "nonce");
  if (typeof nonce !== "string" || !equalStrings(nonce, expected.nonce)) return "id_token_nonce";
  return isSubject(own(claims, "sub")) ? null : "subject";
}

function isAudience(claims: IdClaims, clientId: string): boolean {
  const audience = own(claims, "aud");
  const list: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  // No other audience is trusted, so none may stand beside us.
  if (list.length !== 1 || list[0] !== clientId) return false;
  const party = own(claims, "azp");
  return party === undefined || party === clientId;
}

function isTimely(claims: IdClaims, now: EpochSeconds): boolean {
  const [exp, iat, nbf] = [own(claims, "exp"), own(claims, "iat"), own(claims, "nbf") ?? 0];
  if (typeof exp !== "number" || typeof iat !== "number" || typeof nbf !== "number") return false;
  const isAlive = now < exp + TOLERANCE && nbf <= now + TOLERANCE;
  return isAlive && iat <= now + TOLERANCE && iat > now - MAX_AGE - TOLERANCE && exp > iat;
}

/** Whether a value can be a subject: a text, not empty, at most 255 characters, none of them a control. */
export function isSubject(value: unknown): value is string {
  return typeof value === "string" && value.length <= 255 && /^[^\p{C}]+$/u.test(value);
}

// OpenID Connect Core 3.1.3.6: the left half of the hash that the algorithm signs with.
async function isHashOf(hash: unknown, accessToken: string, algorithm: string): Promise<boolean> {
  const bits = algorithm.startsWith("Ed") ? "512" : algorithm.slice(-3);
  const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${bits}`, utf8(accessToken)));
  return typeof hash === "string" && equalStrings(hash, toBase64url(digest.subarray(0, digest.length / 2)));
}

/** What to expect of an ID token of this flow, now. */
export function expectedOf(
  env: Env,
  client: Pick<ExpectedIdToken, "issuer" | "clientId">,
  nonce: string,
): ExpectedIdToken {
  return { ...client, nonce, now: nowOf(env) };
}
