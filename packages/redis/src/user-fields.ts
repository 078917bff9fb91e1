import type { LinkedAccount, User } from "@latchkey/core/store";
import { type Fields, fieldsOf } from "./fields.ts";

/** Reads a user from the flat list of an HGETALL; null if it is empty. Throws if it is corrupt. */
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
    picture: read.textOrNull("picture"),
    emailVerified: read.flag("email_verified"),
    passwordHash: read.textOrNull("password_hash"),
    credentialsVersion: read.integer("credentials_version"),
    createdAt: read.integer("created_at"),
    disabledAt: read.integerOrNull("disabled_at"),
  };
}

/** The values of a user by field name. */
export function userValues(user: User): Record<string, string | number | null> {
  return {
    id: user.id,
    email: user.email,
    username: user.username,
    name: user.name,
    picture: user.picture,
    email_verified: user.emailVerified ? 1 : 0,
    password_hash: user.passwordHash,
    credentials_version: user.credentialsVersion,
    created_at: user.createdAt,
    disabled_at: user.disabledAt,
  };
}

/** The text of an account in the links of a user. */
export function linkMember({ provider, subject }: LinkedAccount): string {
  return JSON.stringify([provider, subject]);
}

export function readLink(member: string): LinkedAccount {
  const [provider, subject]: unknown[] = JSON.parse(member);
  if (typeof provider !== "string" || typeof subject !== "string") {
    throw new Error("redis: the links of a user hold an invalid account");
  }
  return { provider, subject };
}
