import type {
  Device,
  EndedSession,
  EndReason,
  JsonObject,
  SessionRow,
  Transport,
} from "@latchkey/core/protocol";
import { type Fields, texts } from "./fields.ts";

const transports: readonly Transport[] = ["cookie", "bearer"];

const endReasons: Readonly<Record<EndReason, true>> = {
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

const reasonNames = Object.keys(endReasons).filter(isEndReason);

/** Reads a session; throws where the hash is corrupt. */
export function readSession(read: Fields): SessionRow {
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
    endReason: read.oneOfOrNull("end_reason", reasonNames),
  };
}

/** Reads what a script says of a session that it ended: id, user, reason. */
export function readEnded(reply: unknown): EndedSession {
  const [id, userId, reason] = texts("an ended session", reply);
  if (id === undefined || userId === undefined || reason === undefined || !isEndReason(reason)) {
    throw new Error("redis: an ended session is not what the store writes");
  }
  return { id, userId, reason };
}

/** The values of a session by the names of its fields. */
export function sessionValues(row: SessionRow): Record<string, string | number | null> {
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
  return Object.hasOwn(endReasons, text);
}

// Only ever called on what JSON.parse made.
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
