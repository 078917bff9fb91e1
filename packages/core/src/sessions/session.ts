import type { SecretHash } from "../platform/digest.ts";
import { isJsonObject, type JsonObject } from "../platform/encoding.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { UserId } from "../users/user.ts";

/** The id of a session: 16 bytes in base64url, and no secret. A plain string fits; the id of a user does not. */
export type SessionId = string & { readonly brand?: "SessionId" };

/** How a client presents its tokens: in cookies, or in a header. */
export type Transport = "cookie" | "bearer";

/** Why a session ended. */
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

/** The client of a session, as far as it is known. */
export interface Device {
  readonly userAgent: string | null;
  readonly address: string | null;
}

/** One row per signed-in device: the whole family of refresh tokens in constant space. */
export interface SessionRow {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly familyHash: SecretHash;
  /** The newest refresh token that the client is known to have; null for a session without refresh tokens. */
  readonly rootHash: SecretHash | null;
  readonly rootGeneration: number;
  /** The successor of the root, issued and not yet presented. */
  readonly childHash: SecretHash | null;
  readonly childIssuedAt: EpochSeconds | null;
  /** The `childIssuedAt` of the child before this one. */
  readonly replacedAt: EpochSeconds | null;
  /** The number of refreshes that issued a refresh token: 0 at sign-in. */
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
  /** Idle expiry; null means never. */
  readonly expiresAt: EpochSeconds | null;
  readonly absoluteExpiresAt: EpochSeconds | null;
  readonly endedAt: EpochSeconds | null;
  readonly endReason: EndReason | null;
}

/** The part of a session that the application sees. */
export interface Session<Context = unknown> {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly context: Context;
  readonly createdAt: EpochSeconds;
  /** Idle expiry at the time of issue; null means never. */
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

/** The members of a session in a store of text and numbers. */
export const SESSION_MEMBERS = [
  "id",
  "user_id",
  "family_hash",
  "root_hash",
  "root_generation",
  "child_hash",
  "child_issued_at",
  "replaced_at",
  "generation",
  "context",
  "device",
  "transport",
  "amr",
  "created_at",
  "auth_time",
  "refreshed_at",
  "access_lifetime",
  "idle_lifetime",
  "expires_at",
  "absolute_expires_at",
  "ended_at",
  "end_reason",
] as const;

/** The name of a member of a stored session. */
export type SessionMember = (typeof SESSION_MEMBERS)[number];

/** Reads the members of one stored record by type. It throws for another type, and the error does not hold the value. */
export interface StoredMembers {
  text(name: string): string;
  textOrNull(name: string): string | null;
  integer(name: string): number;
  integerOrNull(name: string): number | null;
  oneOf<const T extends string>(name: string, allowed: readonly T[]): T;
  oneOfOrNull<const T extends string>(name: string, allowed: readonly T[]): T | null;
  json<T>(name: string, guard: (value: unknown) => value is T): T;
}

const transports: readonly Transport[] = ["cookie", "bearer"];

const reasons: Readonly<Record<EndReason, true>> = {
  logout: true,
  revoked: true,
  reuse: true,
  replaced: true,
  limit: true,
  expired: true,
  password_changed: true,
  user_disabled: true,
  user_deleted: true,
  refused: true,
};

/** Every reason for which a session ends. */
export const endReasons: readonly EndReason[] = Object.keys(reasons).filter(isEndReason);

/** Reads a session. It throws if a member does not have the form that `storedSession` writes. */
export function readStoredSession(read: StoredMembers): SessionRow {
  return {
    id: read.text("id"),
    userId: read.text("user_id"),
    familyHash: read.text("family_hash"),
    rootHash: read.textOrNull("root_hash"),
    rootGeneration: read.integer("root_generation"),
    childHash: read.textOrNull("child_hash"),
    childIssuedAt: read.integerOrNull("child_issued_at"),
    replacedAt: read.integerOrNull("replaced_at"),
    generation: read.integer("generation"),
    context: read.json("context", isJsonObject),
    device: read.json("device", isDevice),
    transport: read.oneOf("transport", transports),
    amr: read.json("amr", isTexts),
    createdAt: read.integer("created_at"),
    authTime: read.integer("auth_time"),
    refreshedAt: read.integer("refreshed_at"),
    accessLifetime: read.integer("access_lifetime"),
    idleLifetime: read.integerOrNull("idle_lifetime"),
    expiresAt: read.integerOrNull("expires_at"),
    absoluteExpiresAt: read.integerOrNull("absolute_expires_at"),
    endedAt: read.integerOrNull("ended_at"),
    endReason: read.oneOfOrNull("end_reason", endReasons),
  };
}

/** Converts a session to text, whole numbers and null for a store. */
export function storedSession(row: SessionRow): Record<SessionMember, string | number | null> {
  return {
    id: row.id,
    user_id: row.userId,
    family_hash: row.familyHash,
    root_hash: row.rootHash,
    root_generation: row.rootGeneration,
    child_hash: row.childHash,
    child_issued_at: row.childIssuedAt,
    replaced_at: row.replacedAt,
    generation: row.generation,
    context: JSON.stringify(row.context),
    device: JSON.stringify(row.device),
    transport: row.transport,
    amr: JSON.stringify(row.amr),
    created_at: row.createdAt,
    auth_time: row.authTime,
    refreshed_at: row.refreshedAt,
    access_lifetime: row.accessLifetime,
    idle_lifetime: row.idleLifetime,
    expires_at: row.expiresAt,
    absolute_expires_at: row.absoluteExpiresAt,
    ended_at: row.endedAt,
    end_reason: row.endReason,
  };
}

function isEndReason(text: string): text is EndReason {
  return Object.hasOwn(reasons, text);
}

function isDevice(value: unknown): value is Device {
  return isJsonObject(value) && isTextOrNull(value["userAgent"]) && isTextOrNull(value["address"]);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}
