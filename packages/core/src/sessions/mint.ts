import { requirePlain } from "../platform/callback-answer.ts";
import { type JsonObject, toBase64url } from "../platform/encoding.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { User } from "../users/user.ts";
import { type AccessClaims, mintAccessToken, reservedClaims } from "./access-token.ts";
import type { SessionEngine } from "./engine.ts";
import type { Session, SessionDetails, SessionRow } from "./session.ts";

/** The tokens of one response. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly claims: AccessClaims;
  readonly expiresIn: Seconds;
  /** Null if only an access token is issued. */
  readonly refreshToken: string | null;
}

/** Whether a token can only be minted with its user: `accessToken.claims` gets the user, and a store may not check users. */
export function needsUser({ settings, usersElsewhere }: SessionEngine): boolean {
  return usersElsewhere || settings.claims !== null;
}

/** Mints the access token of a session, and combines it with the refresh token if there is one. */
export async function mintTokens(
  engine: SessionEngine,
  row: SessionRow,
  user: User | null,
  refreshToken: string | null,
): Promise<IssuedTokens> {
  const at = now(engine.env);
  const claims = {
    ...claimsOf(engine, row, user, at),
    ...(refreshToken !== null && engine.settings.confirm === "early" ? { generation: row.generation } : {}),
  };
  const accessToken = await mintAccessToken(claims, await engine.keys.signing());
  return { accessToken, claims, expiresIn: claims.exp - at, refreshToken };
}

/** Makes the claims of an access token that is minted at `at`. */
export function claimsOf(
  engine: SessionEngine,
  row: SessionRow,
  user: User | null,
  at: EpochSeconds,
): AccessClaims {
  const { issuer, audience } = engine.settings;
  return {
    ...makeCustomClaims(engine, sessionOfRow(row), user),
    iss: issuer,
    aud: audience,
    sub: row.userId,
    sid: row.id,
    jti: toBase64url(engine.env.random(16)),
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

function makeCustomClaims(engine: SessionEngine, session: Session, user: User | null): JsonObject {
  const { claims } = engine.settings;
  if (claims === null) return {};
  if (user === null) throw new AuthError("internal_error", "accessToken.claims needs the user");
  const custom = claims(session, user);
  requirePlain("accessToken.claims", custom, "a plain object of claims");
  for (const name of Object.keys(custom)) {
    if (reservedClaims.has(name))
      throw new AuthError(
        "internal_error",
        `accessToken.claims sets ${name}, which Latchkey sets: use another name`,
      );
  }
  return custom;
}

/** Reads the session from its row. */
export function sessionOfRow(row: SessionRow): Session {
  const { id, userId, createdAt, expiresAt, authTime, amr } = row;
  return { id, userId, context: row.context, createdAt, expiresAt, authTime, amr };
}

/** Reads the details for a list of devices. */
export function detailsOfRow(row: SessionRow): SessionDetails {
  const { device, transport, refreshedAt, endedAt, endReason } = row;
  return { ...sessionOfRow(row), device, transport, refreshedAt, endedAt, endReason };
}

/** Computes the expiry of an access token minted at `now`. It is never later than the session's absolute expiry. */
export function accessExpiry(
  row: Pick<SessionRow, "accessLifetime" | "absoluteExpiresAt">,
  now: EpochSeconds,
): EpochSeconds {
  return Math.min(now + row.accessLifetime, row.absoluteExpiresAt ?? Number.POSITIVE_INFINITY);
}
