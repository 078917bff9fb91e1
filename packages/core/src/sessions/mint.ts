import { toBase64url } from "../bytes.ts";
import { requirePlain } from "../callback-answer.ts";
import { now } from "../env.ts";
import { AuthError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { EpochSeconds, Seconds } from "../time.ts";
import { mintAccessToken } from "../tokens/access-token.ts";
import { type AccessClaims, reservedClaims } from "../tokens/claims.ts";
import type { SessionEngine, SessionUser } from "./engine.ts";
import { accessExpiry } from "./policy.ts";
import type { Session, SessionDetails, SessionRow } from "./session.ts";

/** The tokens of one answer. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly claims: AccessClaims;
  readonly expiresIn: Seconds;
  /** Null where only an access token is given. */
  readonly refreshToken: string | null;
}

/** Whether `accessToken.claims` asks for the user: only then one is read to mint a token. */
export function claimsTakeUser<Context, U extends SessionUser>(engine: SessionEngine<Context, U>): boolean {
  return engine.settings.claims !== null && engine.settings.claims.length > 1;
}

/** Mints the access token of a session, to go with a refresh token or without one. */
export async function mintTokens<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  row: SessionRow,
  user: U | null,
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

/** The claims that an access token of this session has when it is minted at `at`. */
export function claimsOf<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  row: SessionRow,
  user: U | null,
  at: EpochSeconds,
): AccessClaims {
  const { issuer, audience } = engine.settings;
  return {
    ...customClaims(engine, sessionOfRow(row), user),
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

function customClaims<Context, U extends SessionUser>(
  engine: SessionEngine<Context, U>,
  session: Session<Context>,
  user: U | null,
): JsonObject {
  const { claims } = engine.settings;
  if (claims === null) return {};
  // A function that declares no user gets none, also where one is at hand: else its claims would change at a refresh.
  const custom = claims(session, (claimsTakeUser(engine) ? user : undefined) as U);
  requirePlain("accessToken.claims", custom, "a plain object of claims");
  for (const name of Object.keys(custom)) {
    if (reservedClaims.has(name))
      throw new AuthError("internal_error", `accessToken.claims sets ${name}, which is ours`);
  }
  return custom;
}

/** The session as an access token tells it. */
export function sessionOfClaims<Context>(claims: AccessClaims): Session<Context> {
  return {
    id: claims.sid,
    userId: claims.sub,
    context: claims.context as Context,
    createdAt: claims.session_created,
    expiresAt: claims.session_expires,
    authTime: claims.auth_time,
    amr: claims.amr,
  };
}

/** The session as its row tells it. */
export function sessionOfRow<Context>(row: SessionRow): Session<Context> {
  const { id, userId, createdAt, expiresAt, authTime, amr } = row;
  return { id, userId, context: row.context as Context, createdAt, expiresAt, authTime, amr };
}

/** The session as a list of devices tells it. */
export function detailsOfRow<Context>(row: SessionRow): SessionDetails<Context> {
  const { device, transport, refreshedAt, endedAt, endReason } = row;
  return { ...sessionOfRow<Context>(row), device, transport, refreshedAt, endedAt, endReason };
}
