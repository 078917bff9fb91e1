import { type Json, type JsonObject, own } from "../platform/encoding.ts";
import { type EpochSeconds, MAX_ACCESS_LIFETIME, type Seconds } from "../platform/time.ts";
import type { UserId } from "../users/user.ts";
import type { SessionId, Transport } from "./session.ts";

/** The claims of every access token (RFC 9068), and those that `validate` needs to work without a store. */
export interface AccessClaims {
  readonly iss: string;
  readonly aud: string;
  readonly sub: UserId;
  readonly sid: SessionId;
  readonly jti: string;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
  readonly auth_time: EpochSeconds;
  readonly amr: readonly string[];
  readonly transport: Transport;
  readonly context: JsonObject;
  readonly session_created: EpochSeconds;
  /** Idle expiry at the time of issue; null means never. */
  readonly session_expires: EpochSeconds | null;
  /** The generation of the refresh token in the same response; present only with early confirmation. */
  readonly generation?: number;
  readonly [claim: string]: Json | undefined;
}

/** The requirements for the claims of a token. */
export interface Expected {
  readonly issuer: string;
  readonly audience: string;
  readonly now: EpochSeconds;
}

/** The tolerated clock difference between servers for `iat` and `nbf`. `exp` has no tolerance. */
const SKEW: Seconds = 60;
const MAX_TIME: EpochSeconds = 1e11;

/** `expired` only if every other check passes. */
export type ClaimsVerdict = "live" | "expired" | "invalid";

/** Decides about the claims of a token whose signature is verified, at a time (RFC 9068 section 4, RFC 8725 3.8 to 3.11). */
export function judgeClaims(claims: AccessClaims, expected: Expected): ClaimsVerdict {
  const { iss, aud, iat, exp } = claims;
  if (iss !== expected.issuer || aud !== expected.audience) return "invalid";
  if (iat > expected.now + SKEW || exp <= iat || exp - iat > MAX_ACCESS_LIFETIME) return "invalid";
  const nbf = own(claims, "nbf");
  if (nbf !== undefined && !(isTime(nbf) && nbf <= expected.now + SKEW)) return "invalid";
  return exp <= expected.now ? "expired" : "live";
}

/** Whether a claim is a time in seconds. One beyond `MAX_TIME` is in milliseconds by mistake. */
export function isTime(value: unknown): value is EpochSeconds {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 && value < MAX_TIME;
}

/** Whether a token came by the transport that it was issued for. A null `transport` accepts either. */
export function matchesTransport(
  { restrictTransport }: { readonly restrictTransport: boolean },
  claims: AccessClaims,
  transport: Transport | null,
): boolean {
  return !restrictTransport || transport === null || claims.transport === transport;
}
