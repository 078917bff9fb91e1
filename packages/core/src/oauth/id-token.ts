import { importFor, verifyBy } from "../keys/signature.ts";
import { decodeUtf8, fromBase64url, isBase64url, toBase64url, utf8 } from "../platform/bytes.ts";
import { equalStrings } from "../platform/digest.ts";
import { type Env, now as nowOf } from "../platform/env.ts";
import { isRecord, own, parseJson } from "../platform/json.ts";
import { type EpochSeconds, minutes, type Seconds } from "../platform/time.ts";
import { type OAuthFault, oauthFault } from "./fault.ts";
import { idTokenAlgorithms } from "./id-token-algorithms.ts";
import type { IssuerKeys, KeyHint } from "./issuer-keys.ts";
import { isSubject } from "./profile.ts";

const MAX_LENGTH = 16_384;
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

/**
 * Verifies the signature of an ID token and validates its claims (OpenID Connect Core 3.1.3.7), `at_hash` among them
 * where it is present. Fails with `oauth_failed`.
 */
export async function verifyIdToken(
  token: string,
  keys: IssuerKeys,
  accessToken: string,
  expected: ExpectedIdToken,
): Promise<IdClaims> {
  const header = parseHeader(token);
  if (header === null) throw oauthFault("id_token_form");
  if (header.isExtended || !(await isSigned(token, header, keys))) throw oauthFault("id_token_signature");
  const claims = parsePart(token.split(".")[1]);
  if (claims === null) throw oauthFault("id_token_form");
  const fault = faultOfClaims(claims, expected);
  if (fault !== null) throw oauthFault(fault);
  const hash = own(claims, "at_hash");
  if (hash !== undefined && !(await isHashOf(hash, accessToken, header))) {
    throw oauthFault("id_token_access");
  }
  return claims;
}

interface Header extends KeyHint {
  readonly isExtended: boolean;
}

function parseHeader(token: string): Header | null {
  const parts = token.split(".");
  if (token.length > MAX_LENGTH || parts.length !== 3) return null;
  if (!parts.every((part) => part !== "" && isBase64url(part))) return null;
  const members = parsePart(parts[0]);
  if (members === null) return null;
  const [name, type] = [own(members, "alg"), own(members, "typ")];
  // RFC 8725 3.11: an access token or a logout token is no ID token.
  if (type !== undefined && !(typeof type === "string" && type.toUpperCase() === "JWT")) return null;
  const algorithm = typeof name === "string" ? idTokenAlgorithms.get(name) : undefined;
  // RFC 7797 7: the payload of a JWT is encoded.
  if (typeof name !== "string" || algorithm === undefined || own(members, "b64") !== undefined) return null;
  // RFC 7515 4.1.11: what must be understood is not.
  return { name, algorithm, kid: own(members, "kid"), isExtended: own(members, "crit") !== undefined };
}

function parsePart(part = ""): IdClaims | null {
  const bytes = fromBase64url(part);
  const text = bytes === null ? null : decodeUtf8(bytes);
  const parsed = text === null ? undefined : parseJson(text);
  return isRecord(parsed) ? parsed : null;
}

// Each key is tried by the one algorithm that the token names (RFC 8725 3.1).
async function isSigned(token: string, header: Header, keys: IssuerKeys): Promise<boolean> {
  const end = token.lastIndexOf(".");
  const [signed, signature] = [utf8(token.slice(0, end)), fromBase64url(token.slice(end + 1))];
  if (signature === null) return false;
  return keys(header, async (jwk) =>
    verifyBy(header.algorithm, await importFor(jwk, header.algorithm), signature, signed),
  );
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

// OpenID Connect Core 3.1.3.6: the left half of the hash that the algorithm signs with.
async function isHashOf(hash: unknown, accessToken: string, { algorithm }: Header): Promise<boolean> {
  const digest = new Uint8Array(await crypto.subtle.digest(algorithm.hash, utf8(accessToken)));
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
