import type { LinkedAccount, User } from "@latchkey/core/store";
import { type Fields, fieldsOf } from "./fields.ts";

/** Reads a user from the flat list of an HGETALL; null where it is empty, throws where it is corrupt. */
export function userOf(reply: unknown): User | null {
  const fields = fieldsOf("user", reply);
  return fields === null ? null : readUser(fields);
}

function readUser(read: Fields): User {
  return {
    id: read.text("id"),
    email: read.textOrNull("email"),
    username: read.textOrNull("username"),
    name: read.textOrNull("name"),
    emailVerified: read.flag("email_verified"),
    passwordHash: read.textOrNull("password_hash"),
    credentialsVersion: read.integer("credentials_version"),
    createdAt: read.integer("created_at"),
    disabledAt: read.integerOrNull("disabled_at"),
  };
}

/** The values of a user by the names of its fields. */
export function userValues(user: User): Record<string, string | number | null> {
  return {
    id: user.id,
    email: user.email,
    username: user.username,
    name: user.name,
    email_verified: user.emailVerified ? 1 : 0,
    password_hash: user.passwordHash,
    credentials_version: user.credentialsVersion,
    created_at: user.createdAt,
    disabled_at: user.disabledAt,
  };
}

/** The member of a user's links that stands for an account. */
export function linkMember({ provider, subject }: LinkedAccount): string {
  return JSON.stringify([provider, subject]);
}

export function readLink(member: string): LinkedAccount {
  const [provider, subject]: unknown[] = JSON.parse(member);
  if (typeof provider !== "string" || typeof subject !== "string") {
    throw new Error("redis: a link is not what the store writes");
  }
  return { provider, subject };
}
