import { type JwsForm, parseHeader, signJwt, verifyJws } from "../keys/jws.ts";
import type { Keys, SigningKey } from "../keys/keys.ts";
import { callNow, requirePlain } from "../platform/callback-answer.ts";
import { decodeUtf8, isRecord, type JsonObject, own, parseJson, toBase64url } from "../platform/encoding.ts";
import { type Env, now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import { type PublicUser, publicUser, type User } from "../users/user.ts";
import {
  type AccessClaims,
  type ClaimsVerdict,
  type Expected,
  isTime,
  judgeClaims,
} from "./access-claims.ts";
import type { RefreshPolicy } from "./policy.ts";
import { type Session, type SessionRow, sessionOfRow } from "./session.ts";
import type { TokenCache } from "./token-cache.ts";

/** RFC 9068 2.1. The media type's long form and any case are the same type (RFC 7515 4.1.9). */
const TYPE = "at+jwt";

/** A longer token is refused before it is decoded. A cookie of 4,096 bytes then has room for its name. */
const MAX_TOKEN_LENGTH = 4_000;

const FORM: JwsForm = { typ: TYPE, maxLength: MAX_TOKEN_LENGTH };

/** The names that `accessToken.claims` must not set. */
const reservedClaims: ReadonlySet<string> = new Set([
  ..."iss aud sub sid jti iat exp nbf auth_time amr transport context".split(" "),
  ..."session_created session_expires generation".split(" "),
]);

/** The settings of the tokens that are minted. */
export interface TokenSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly confirm: "on-refresh" | "early";
  readonly claims: ((session: Session, user: PublicUser) => JsonObject) | null;
}

/** What mints tokens: the part of the session engine that it needs. */
export interface TokenMinter {
  readonly env: Env;
  readonly keys: Pick<Keys, "signing">;
  readonly settings: TokenSettings;
}

/** The tokens of one response. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly claims: AccessClaims;
  readonly expiresIn: Seconds;
  /** Null if only an access token is issued. */
  readonly refreshToken: string | null;
  /** Whether their cookies outlive the browser. */
  readonly remember: boolean;
}

/** A refresh token, or null, and the time of issue of the access token. */
export interface Issue {
  readonly refreshToken: string | null;
  readonly remember: boolean;
  /** Not later than the read or the write of the row: entries of ended sessions are compared with it. */
  readonly at: EpochSeconds;
}

/** Mints the access token of a session, and combines it with the refresh token if there is one. */
export async function mintTokens(
  minter: TokenMinter,
  row: SessionRow,
  user: User | null,
  { refreshToken, remember, at }: Issue,
): Promise<IssuedTokens> {
  const claims = {
    ...claimsOf(minter, row, user, at),
    ...(refreshToken !== null && minter.settings.confirm === "early" ? { generation: row.generation } : {}),
  };
  const accessToken = await mintAccessToken(claims, await minter.keys.signing());
  return { accessToken, claims, expiresIn: claims.exp - now(minter.env), refreshToken, remember };
}

/** Makes the claims of an access token that is minted at `at`. */
export function claimsOf(
  minter: TokenMinter,
  row: SessionRow,
  user: User | null,
  at: EpochSeconds,
): AccessClaims {
  return {
    ...makeCustomClaims(minter, sessionOfRow(row), user),
    iss: minter.settings.issuer,
    aud: minter.settings.audience,
    sub: row.userId,
    sid: row.id,
    jti: toBase64url(minter.env.random(16)),
    iat: at,
    exp: accessExpiry(row, at),
    auth_time: row.authTime,
    amr: row.amr,
    transport: row.transport,
    context: row.context,
    session_created: row.createdAt,
    session_expires: row.expiresAt,
  };
}

function makeCustomClaims(minter: TokenMinter, session: Session, user: User | null): JsonObject {
  const { claims } = minter.settings;
  if (claims === null) return {};
  if (user === null) throw new AuthError("internal_error", "accessToken.claims needs the user");
  const custom = callNow("accessToken.claims", () => claims(session, publicUser(user)));
  requirePlain("accessToken.claims", custom, "a plain object of claims");
  for (const name of Object.keys(custom as JsonObject)) {
    if (reservedClaims.has(name))
      throw new AuthError(
        "internal_error",
        `accessToken.claims sets ${name}, which Latchkey sets: use another name`,
      );
  }
  return custom as JsonObject;
}

/** Computes the expiry of an access token minted at `now`. It is never later than the session's absolute expiry. */
export function accessExpiry(
  row: Pick<SessionRow, "accessLifetime" | "absoluteExpiresAt">,
  now: EpochSeconds,
): EpochSeconds {
  return Math.min(now + row.accessLifetime, row.absoluteExpiresAt ?? Number.POSITIVE_INFINITY);
}

/** Signs an access token. Fails with `internal_error` if the token is too long for `verifyAccessToken`. */
async function mintAccessToken(claims: AccessClaims, key: SigningKey): Promise<string> {
  const token = await signJwt({ typ: TYPE }, claims, key);
  if (token.length <= MAX_TOKEN_LENGTH) return token;
  throw new AuthError(
    "internal_error",
    `the access token is over ${MAX_TOKEN_LENGTH} bytes: put less into sessions.context or accessToken.claims`,
  );
}

export type VerifiedToken =
  | { readonly kind: "live"; readonly claims: AccessClaims }
  | { readonly kind: "expired"; readonly claims: AccessClaims }
  | { readonly kind: "invalid" };

const invalid: VerifiedToken = { kind: "invalid" };

/** The requirements for a token, and where its key and the tokens that were verified before are found. */
export interface Verification extends Expected {
  readonly keys: Pick<Keys, "find" | "known">;
  readonly cache: TokenCache;
}

/**
 * Verifies one access token and validates its claims. It does not check whether the session has ended.
 *
 * The key determines the algorithm, never the token (RFC 8725 3.1). A token that was verified before needs no second check of
 * its signature while the same key is in use; its times and its audience are checked each time.
 */
export async function verifyAccessToken(token: string, expected: Verification): Promise<VerifiedToken> {
  const { keys, cache } = expected;
  const known = typeof token === "string" ? cache.get(token, expected.now) : null;
  if (known !== null && (await keys.find(known.key.kid)) === known.key)
    return verifiedAs(judgeClaims(known.claims, expected), known.claims);
  const header = parseHeader(token, FORM, cache.recallHeader);
  if (header === null) return invalid;
  const key = keys.known(header.kid, expected.now) ?? (await keys.find(header.kid));
  if (key === null || key.algorithm !== header.alg) return invalid;
  const payload = await verifyJws(token, key);
  const text = payload === null ? null : decodeUtf8(payload);
  const claims = text === null ? null : parseJson(text);
  if (!isAccessClaims(claims)) return invalid;
  const verdict = judgeClaims(claims, expected);
  return verifiedAs(verdict, verdict === "live" ? cache.put(token, key, claims) : claims);
}

function verifiedAs(kind: ClaimsVerdict, claims: AccessClaims): VerifiedToken {
  return kind === "invalid" ? invalid : { kind, claims };
}

const MAX_ID = 255;

function isAccessClaims(payload: unknown): payload is AccessClaims {
  return isRecord(payload) && hasTimes(payload) && hasIdentity(payload) && hasSession(payload);
}

function hasTimes(payload: Members): boolean {
  const expires = own(payload, "session_expires");
  return (
    isTime(own(payload, "iat")) &&
    isTime(own(payload, "exp")) &&
    isTime(own(payload, "auth_time")) &&
    isTime(own(payload, "session_created")) &&
    (expires === null || isTime(expires))
  );
}

function hasIdentity(payload: Members): boolean {
  return isId(own(payload, "sub")) && isId(own(payload, "sid")) && isId(own(payload, "jti"));
}

function hasSession(payload: Members): boolean {
  const amr = own(payload, "amr");
  const transport = own(payload, "transport");
  const generation = own(payload, "generation");
  return (
    Array.isArray(amr) &&
    amr.every((method) => typeof method === "string") &&
    (transport === "cookie" || transport === "bearer") &&
    isRecord(own(payload, "context")) &&
    (generation === undefined || Number.isInteger(generation))
  );
}

type Members = Readonly<Record<string, unknown>>;

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_ID;
}

/** How many tokens of one kind are verified in one request. The rest is ignored. */
export const MAX_TOKENS = 4;

/** Whether the request has more tokens than are verified, so that the user's own token may be among the rest. */
export function hasTooMany(texts: readonly { readonly hostBound: boolean }[]): boolean {
  return texts.length > MAX_TOKENS && texts.some(({ hostBound }) => !hostBound);
}

/** Returns the claims of the live access tokens. It does not check their transport. */
export async function liveClaims(
  expected: Verification,
  access: readonly { readonly token: string }[],
): Promise<readonly AccessClaims[]> {
  const considered = access.slice(0, MAX_TOKENS);
  const verified = await Promise.all(considered.map(({ token }) => verifyAccessToken(token, expected)));
  return verified.flatMap((token) => (token.kind === "live" ? [token.claims] : []));
}

/** Whether an access token expires so soon that a refresh is due. A short-lived token also keeps at least two leases. */
export function isNearExpiry(
  token: { readonly iat: EpochSeconds; readonly exp: EpochSeconds },
  now: EpochSeconds,
  policy: RefreshPolicy,
): boolean {
  const before = Math.min(policy.refreshBefore, Math.max(0, token.exp - token.iat - 2 * policy.lease));
  return token.exp - now <= before;
}
