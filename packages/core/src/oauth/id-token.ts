import {
  type AuthorizationServer,
  type Client,
  clockSkew,
  clockTolerance,
  expectNoNonce,
  jwksCache,
  processAuthorizationCodeResponse,
  processUserInfoResponse,
  skipSubjectCheck,
  validateApplicationLevelSignature,
} from "oauth4webapi";
import { type AlgorithmFacts, algorithmsFor, type SignatureAlgorithm } from "../keys/algorithms.ts";
import { faultOfRsa, type Members, mayVerify, plainJwk } from "../keys/jwk.ts";
import { parseSegment, splitJws } from "../keys/jws.ts";
import { equalStrings } from "../platform/digest.ts";
import { isRecord, own, toBase64url, utf8 } from "../platform/encoding.ts";
import { type Env, now, platformEnv } from "../platform/env.ts";
import { type EpochSeconds, minutes, type Seconds } from "../platform/time.ts";
import { type OAuthFault, oauthFault } from "./fault.ts";
import { isSubject } from "./profile.ts";
import type { IssuerKeys } from "./provider-metadata.ts";

const MAX_LENGTH = 16_384;
export const TOLERANCE: Seconds = 60;
/** The provider issues the token right before we read it: an older one is from another sign-in. */
export const MAX_AGE: Seconds = minutes(10);

/** Asymmetric ones only: a public key or a client secret must never pass for a signing key (RFC 8725 3.1). */
const ALGORITHMS = algorithmsFor("id_token");

export type IdClaims = Readonly<Record<string, unknown>>;

export interface ExpectedIdToken {
  /** The issuer that the token must name, by its other claims where a provider has many issuers; null refuses. */
  readonly issuer: (claims: IdClaims) => string | null;
  readonly clientId: string;
  /** The audiences that may stand beside our client in a token without `azp`. Default none. */
  readonly trustedAudiences?: readonly string[];
  readonly nonce: string;
  /** Whether a token without a nonce is accepted. Default false. */
  readonly withoutNonce?: boolean;
  /** The clients of ours that may stand in `azp` besides `clientId`. Default none. */
  readonly authorizedParties?: readonly string[];
  /** The token that `at_hash` is of; null where there is none, and `at_hash` says nothing. */
  readonly accessToken: string | null;
}

/**
 * Validates the claims of an ID token and verifies its signature (OpenID Connect Core 3.1.3.7), `at_hash` among them where
 * it is present. Fails with `oauth_failed`.
 *
 * oauth4webapi does both; the checks here refuse tokens that it accepts: a form that is not canonical, another `typ`, `b64`, an
 * audience twice, a foreign `azp`, an implausible `iat`, a subject with controls, a foreign `at_hash`.
 */
export async function verifyIdToken(
  env: Env,
  token: string,
  keys: IssuerKeys,
  expected: ExpectedIdToken,
): Promise<IdClaims> {
  const segments = splitJws(token, MAX_LENGTH);
  if (segments === null) throw oauthFault("id_token_form");
  const [header, claims] = [parseHeader(segments), parseSegment(segments[1])];
  if (header === null || claims === null) throw oauthFault("id_token_form");
  if (header.isExtended) throw oauthFault("id_token_signature");
  const issuer = expected.issuer(claims);
  if (issuer === null) throw oauthFault("id_token_issuer");
  const server = { issuer, id_token_signing_alg_values_supported: [...ALGORITHMS.keys()] };
  const audience = decideAudience(claims, expected);
  if (audience === "refused") throw oauthFault("id_token_audience");
  const isNarrowed = audience === "beside_trusted";
  const checked = isNarrowed ? narrow(segments, claims, expected.clientId) : token;
  // OpenID Connect Core 3.1.3.7, step 11: a nonce that is there must be ours, also where it may be missing.
  const isUnbound = expected.withoutNonce === true && own(claims, "nonce") === undefined;
  const nonce = isUnbound ? null : expected.nonce;
  const accepted = await validated(env, checked, server, { ...expected, nonce });
  const fault = faultOfClaims(claims, now(env));
  if (fault !== null) throw oauthFault(fault);
  const response = isNarrowed ? await readSigned(env, token, server, expected.clientId) : accepted;
  if (!(await isSigned(response, header, server, keys))) throw oauthFault("id_token_signature");
  const hash = own(claims, "at_hash");
  const { accessToken } = expected;
  if (hash !== undefined && accessToken !== null && !(await isHashOf(hash, accessToken, header))) {
    throw oauthFault("id_token_access");
  }
  return claims;
}

/** The header of a token of a provider. */
export interface Header {
  readonly name: SignatureAlgorithm;
  readonly algorithm: AlgorithmFacts;
  readonly kid: unknown;
  readonly isExtended: boolean;
  readonly signatureLength: number;
}

/**
 * Parses the header of a token; null for an algorithm that is not allowed, and for a type that is not in `types`. Without a type it may
 * be of any.
 */
// oauth4webapi accepts padding, white space, stray bits, broken UTF-8, any `typ` and `b64`.
export function parseHeader(
  [header, , signature]: readonly [string, string, string],
  types: readonly string[] = ["JWT"],
): Header | null {
  const members = parseSegment(header);
  if (members === null) return null;
  const [named, type] = [own(members, "alg"), own(members, "typ")];
  // RFC 8725 3.11: an access token or a logout token is no ID token.
  if (type !== undefined && !(typeof type === "string" && types.includes(type.toUpperCase()))) return null;
  const [name, algorithm] = [...ALGORITHMS].find(([known]) => known === named) ?? [];
  // RFC 7797 7: the payload of a JWT is encoded.
  if (name === undefined || algorithm === undefined || own(members, "b64") !== undefined) return null;
  return {
    name,
    algorithm,
    kid: own(members, "kid"),
    // RFC 7515 4.1.11: no extension is understood here.
    isExtended: own(members, "crit") !== undefined,
    signatureLength: Math.floor((signature.length * 3) / 4),
  };
}

/** The fault of each claim that oauth4webapi checks. */
const FAULTS: Readonly<Record<string, OAuthFault>> = {
  iss: "id_token_issuer",
  aud: "id_token_audience",
  azp: "id_token_audience",
  exp: "id_token_time",
  iat: "id_token_time",
  nbf: "id_token_time",
  auth_time: "id_token_time",
  nonce: "id_token_nonce",
  sub: "subject",
};

/** Has oauth4webapi validate the claims. Returns the response that it knows the token by. */
async function validated(
  env: Env,
  token: string,
  server: AuthorizationServer,
  {
    clientId,
    nonce,
    accessToken,
  }: Pick<ExpectedIdToken, "clientId" | "accessToken"> & { readonly nonce: string | null },
): Promise<Response> {
  const client = clientAt(env, clientId);
  const response = Response.json({
    access_token: accessToken ?? "none",
    token_type: "bearer",
    id_token: token,
  });
  const expectedNonce = nonce ?? expectNoNonce;
  const checking = { expectedNonce, requireIdToken: true } as const;
  await processAuthorizationCodeResponse(server, client, response, checking).catch((error: unknown) => {
    // Its messages quote the claim first.
    const [, claim = ""] = /"(\w+)"/.exec(error instanceof Error ? error.message : "") ?? [];
    throw oauthFault(Object.hasOwn(FAULTS, claim) ? (FAULTS[claim] ?? "id_token_form") : "id_token_form");
  });
  return response;
}

// oauth4webapi reads the clock of the platform.
function clientAt(env: Env, clientId: string): Client {
  return { client_id: clientId, [clockSkew]: now(env) - now(platformEnv), [clockTolerance]: TOLERANCE };
}

/** `beside_trusted`: several audiences without `azp`, each of which is our client or trusted. */
export type AudienceDecision = "ours" | "beside_trusted" | "refused";

/**
 * Decides whether an ID token is for our client (OpenID Connect Core 3.1.3.7, steps 3 to 5). With several audiences, `azp` must
 * say that the token was issued to our client, or each other audience must be trusted.
 */
export function decideAudience(
  claims: IdClaims,
  {
    clientId,
    trustedAudiences = [],
    authorizedParties = [],
  }: Pick<ExpectedIdToken, "clientId" | "trustedAudiences" | "authorizedParties">,
): AudienceDecision {
  const [audience, party] = [own(claims, "aud"), own(claims, "azp")];
  if (party !== undefined && ![clientId, ...authorizedParties].some((one) => one === party)) return "refused";
  if (audience === clientId) return "ours";
  if (!Array.isArray(audience) || !audience.includes(clientId)) return "refused";
  if (new Set(audience).size !== audience.length) return "refused";
  if (!audience.every((one) => typeof one === "string")) return "refused";
  if (audience.length === 1 || party === clientId) return "ours";
  const others = audience.filter((one) => one !== clientId);
  return others.every((one) => trustedAudiences.includes(one)) ? "beside_trusted" : "refused";
}

// oauth4webapi refuses several audiences without `azp`: it checks the other claims in a token with our audience alone, and the
// signature of the token itself.
function narrow(
  [header, , signature]: readonly [string, string, string],
  claims: IdClaims,
  clientId: string,
): string {
  return `${header}.${toBase64url(utf8(JSON.stringify({ ...claims, aud: clientId })))}.${signature}`;
}

/** Has oauth4webapi read a signed token. Returns the response that it knows the token by. */
async function readSigned(
  env: Env,
  token: string,
  server: AuthorizationServer,
  clientId: string,
): Promise<Response> {
  const response = new Response(token, { headers: { "content-type": "application/jwt" } });
  const signing = { ...server, userinfo_signing_alg_values_supported: [...ALGORITHMS.keys()] };
  await processUserInfoResponse(signing, clientAt(env, clientId), skipSubjectCheck, response).catch(() => {
    throw oauthFault("id_token_form");
  });
  return response;
}

/** Finds a fault that oauth4webapi accepts; null where there is none. */
function faultOfClaims(claims: IdClaims, at: EpochSeconds): OAuthFault | null {
  if (!isTimely(claims, at)) return "id_token_time";
  if (isLogout(claims)) return "id_token_form";
  return isSubject(own(claims, "sub")) ? null : "subject";
}

/** Whether claims are those of a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4), which is no ID token. */
export function isLogout(claims: IdClaims): boolean {
  const events = own(claims, "events");
  return isRecord(events) && isRecord(own(events, "http://schemas.openid.net/event/backchannel-logout"));
}

/** Whether a token was issued just now, and has not been issued for the future. It does not check that it has expired. */
export function isTimely(claims: IdClaims, at: EpochSeconds): boolean {
  const [exp, iat] = [own(claims, "exp"), own(claims, "iat")];
  if (typeof exp !== "number" || typeof iat !== "number") return false;
  return iat <= at + TOLERANCE && iat > at - MAX_AGE - TOLERANCE && exp > iat;
}

// Each key is tried by the one algorithm that the token names (RFC 8725 3.1).
async function isSigned(
  response: Response,
  header: Header,
  server: AuthorizationServer,
  keys: IssuerKeys,
): Promise<boolean> {
  const { signatureLength } = header.algorithm;
  // Not every platform answers false for a signature of a wrong length.
  if (signatureLength !== null && signatureLength !== header.signatureLength) return false;
  return keys(
    (jwk) => fits(jwk, header),
    async (jwk) => {
      if (jwk["kty"] === "RSA" && faultOfRsa(jwk) !== null) return false;
      // The members about the use of a key were checked; a platform may refuse them.
      const only = { ...plainJwk(jwk), ...(typeof header.kid === "string" ? { kid: header.kid } : {}) };
      // oauth4webapi selects one key by itself, from a key set that it keeps for the server: here the set is the one key, the
      // server is new, and the set never too old, so that it fetches none.
      const cache = { jwks: { keys: [only] }, uat: Number.MAX_SAFE_INTEGER };
      return validateApplicationLevelSignature({ ...server }, response, { [jwksCache]: cache }).then(
        () => true,
      );
    },
  );
}

/** Whether a token with this header may be signed by a key. */
// RFC 7517 4: a member that a key lacks says nothing against the key. A private key proves nothing.
export function fits(jwk: Members, { name, algorithm: { kty, crv }, kid }: Header): boolean {
  const isNamed = kid === undefined || (typeof kid === "string" && own(jwk, "kid") === kid);
  const isOfType = own(jwk, "kty") === kty && (crv === null || own(jwk, "crv") === crv);
  const alg = own(jwk, "alg");
  return isNamed && isOfType && (alg === undefined || alg === name) && mayVerify(jwk);
}

// OpenID Connect Core 3.1.3.6: the left half of the hash that the algorithm signs with.
async function isHashOf(hash: unknown, accessToken: string, { algorithm }: Header): Promise<boolean> {
  const digest = new Uint8Array(await crypto.subtle.digest(algorithm.hash, utf8(accessToken)));
  return typeof hash === "string" && equalStrings(hash, toBase64url(digest.subarray(0, digest.length / 2)));
}
