import type { SecretHash } from "../platform/digest.ts";
import type { JsonObject } from "../platform/json.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { UserId } from "../users/user.ts";

/** The id of a session: 16 bytes in base64url, and no secret. A plain string fits; the id of a user does not. */
export type SessionId = string & { readonly brand?: "SessionId" };

/** How a client presents its tokens: in cookies, or in a header. */
export type Transport = "cookie" | "bearer";

/** Why a session is over. */
export type EndReason =
  | "logout"
  | "revoked"
  | "reuse"
  | "replaced"
  | "limit"
  | "expired"
  | "password_changed"
  | "user_disabled"
  | "user_deleted"
  | "refused";

/** What is known of the client that holds the session. */
export interface Device {
  readonly userAgent: string | null;
  readonly address: string | null;
}

/** The most of a User-Agent, or of an address, that is kept. */
const MAX_DETAIL = 256;

/** What is kept of a client. An application without types may hand in anything; what is no text is not known. */
export function deviceOf(userAgent: unknown, address: unknown): Device {
  const text = (value: unknown): string | null =>
    typeof value === "string" ? value.slice(0, MAX_DETAIL) : null;
  return { userAgent: text(userAgent), address: text(address) };
}

/** One row per signed-in device: the whole family of refresh tokens in constant space. */
export interface SessionRow {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly familyHash: SecretHash;
  /** The newest refresh token that the client has proved it holds; null for a session without refresh tokens. */
  readonly rootHash: SecretHash | null;
  readonly rootGeneration: number;
  /** The newest successor, issued and not yet presented. */
  readonly childHash: SecretHash | null;
  readonly childIssuedAt: EpochSeconds | null;
  /** The `childIssuedAt` of the child before this one. */
  readonly replacedAt: EpochSeconds | null;
  /** Counts issued refresh tokens: 0 at sign-in, one more with each. */
  readonly generation: number;
  readonly context: JsonObject;
  readonly device: Device;
  readonly transport: Transport;
  readonly amr: readonly string[];
  readonly createdAt: EpochSeconds;
  readonly authTime: EpochSeconds;
  readonly refreshedAt: EpochSeconds;
  readonly accessLifetime: Seconds;
  readonly idleLifetime: Seconds | null;
  /** Idle expiry; null never. */
  readonly expiresAt: EpochSeconds | null;
  readonly absoluteExpiresAt: EpochSeconds | null;
  readonly endedAt: EpochSeconds | null;
  readonly endReason: EndReason | null;
}

/** What the application sees of a session. */
export interface Session<Context = unknown> {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly context: Context;
  readonly createdAt: EpochSeconds;
  /** Idle expiry as of issue; null never. */
  readonly expiresAt: EpochSeconds | null;
  readonly authTime: EpochSeconds;
  readonly amr: readonly string[];
}

/** A session in a listing of devices. */
export interface SessionDetails<Context = unknown> extends Session<Context> {
  readonly device: Device;
  readonly transport: Transport;
  readonly refreshedAt: EpochSeconds;
  readonly endedAt: EpochSeconds | null;
  readonly endReason: EndReason | null;
}
