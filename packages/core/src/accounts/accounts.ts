import type { PasswordVerdict } from "../password/policy.ts";
import { toBase64url } from "../platform/encoding.ts";
import { now } from "../platform/env.ts";
import { AuthError, type ErrorCode } from "../platform/errors.ts";
import { endSessionsOf } from "../sessions/end.ts";
import {
  hasSameMailbox,
  type Identifier,
  identifierNames,
  normalForm,
  parseEmail,
  parseUsername,
} from "../users/identifier.ts";
import { parseName, parsePicture } from "../users/profile.ts";
import type { User, UserChange } from "../users/user.ts";
import type { App } from "./app.ts";
import { hashPassword, requirePassword } from "./credentials.ts";

/** A user to create. `createUser` normalizes the identifiers. */
export interface NewUser {
  readonly email?: string;
  readonly username?: string;
  /** Trimmed, at most 320 characters. Default null, as for a blank text. */
  readonly name?: string | null;
  /** An absolute URL with `https` or `http`, at most 2,048 characters. Default null. */
  readonly picture?: string | null;
  readonly password?: string;
  readonly emailVerified?: boolean;
}

const refusals: Readonly<Record<Exclude<PasswordVerdict, "ok">, readonly [ErrorCode, string]>> = {
  malformed: ["invalid_request", "The password is not well-formed text."],
  too_long: ["invalid_request", "The password is too long: use at most 1,024 characters."],
  too_short: ["weak_password", "The password is too short: use at least {minimum} characters."],
  common: ["weak_password", "The password is among the most common ones: choose another."],
  breached: ["weak_password", "The password is known from a data breach: choose another."],
  contains_identifier: ["weak_password", "The password is too similar to the {identifier}: choose another."],
};

/** Creates a user. Fails with `invalid_request`, `weak_password`, `identifier_taken` or `rate_limited`. */
export async function createUser(app: App, input: NewUser): Promise<User> {
  const email = input.email === undefined ? null : requireNormal("email", input.email);
  const username = input.username === undefined ? null : requireNormal("username", input.username);
  if (email === null && username === null) {
    throw new AuthError("invalid_request", "A user needs an e-mail or a username.");
  }
  if (email !== null && input.emailVerified === true) requireSameMailbox(input.email ?? "", email);
  const identifier = identifierOf({ email, username });
  const user = await insertUser(app, {
    email,
    username,
    name: requireName(input.name ?? null),
    picture: requirePicture(input.picture ?? null),
    emailVerified: input.emailVerified ?? false,
    passwordHash: input.password === undefined ? null : await checkAndHash(app, input.password, identifier),
  });
  if (user === null) throw takenError(email, username);
  return user;
}

/** The error for an identifier that another user has. */
export function takenError(email: string | null, username: string | null): AuthError {
  if (email !== null && username !== null) return new AuthError("identifier_taken");
  const name = identifierNames[email === null ? "username" : "email"];
  return new AuthError("identifier_taken", `An account with this ${name} exists already.`);
}

/** Inserts a user whose identifiers are in normal form. Returns null if an identifier is taken, or its owner took the user over. */
export async function insertUser(
  app: App,
  input: Pick<User, "email" | "username" | "name" | "picture" | "emailVerified" | "passwordHash"> &
    Partial<Pick<User, "id" | "createdAt" | "disabledAt">>,
): Promise<User | null> {
  const { id: offered = toBase64url(app.env.random(16)) } = input;
  const row = { createdAt: now(app.env), disabledAt: null, ...input, id: offered, credentialsVersion: 0 };
  const made = await app.users.create(row);
  if (made === false) return null;
  const id = made === true ? offered : made;
  const user = await app.users.get(id);
  if (user === null) throw lostUser(made === true);
  app.engine.emit({ type: "user.created", userId: id });
  // The owner of the address has proved it since. A sign-in with the version that was read would be a way into their account.
  return user.credentialsVersion === row.credentialsVersion ? user : null;
}

/** The error for a user that is gone after its creation: another request deleted it, or the store gave its row another id. */
function lostUser(isOffered: boolean): AuthError {
  const advice = isOffered ? ": a table that makes its own ids must return the id of the row" : "";
  const cause = new Error(`users.get finds no user that users.create has made${advice}`);
  return new AuthError("store_unavailable", undefined, null, { operation: "users.create", cause });
}

/** Sets a password and ends all sessions of the user. Fails with `weak_password` or `rate_limited`. Returns `false` for an unknown user. */
export async function setPassword(app: App, id: string, password: string): Promise<boolean> {
  const user = await app.users.get(id);
  if (user === null) return false;
  const passwordHash = await hashPasswordOf(app, user, password);
  const how = { reason: "password_changed", ifVersion: null } as const;
  return (await changeCredentials(app, id, { passwordHash }, how)) !== null;
}

/** Checks a new password for a user. Fails with `invalid_request` or `weak_password`. */
export function checkPasswordOf(app: App, user: User, password: string): Promise<void> {
  return requireStrong(app, password, identifierOf(user));
}

/** Checks and hashes a new password for a user. Fails with `invalid_request` or `weak_password`. */
export function hashPasswordOf(app: App, user: User, password: string): Promise<string> {
  return checkAndHash(app, password, identifierOf(user));
}

/** Deletes a user and ends all of their sessions. Returns `false` for an unknown user. */
export async function deleteUser(app: App, id: string): Promise<boolean> {
  await endSessionsOf(app.engine, id, null, "user_deleted");
  const deleted = await app.users.delete(id);
  await endSessionsOf(app.engine, id, null, "user_deleted");
  if (deleted) app.engine.emit({ type: "user.deleted", userId: id });
  return deleted;
}

/**
 * Raises the version of the credentials of a user if it is still the one that was read, so that every proof and every sign-in in
 * progress fails. Returns `false` if another request has changed them.
 */
export async function claimUnchanged(app: App, { id, credentialsVersion }: User): Promise<boolean> {
  const options = { ifVersion: credentialsVersion, raiseVersion: true };
  return (await app.users.update(id, {}, options)) !== null;
}

/** How credentials change. */
export interface CredentialChange {
  readonly reason: "password_changed" | "user_disabled";
  /** The version of the credentials that the change was decided for; null for any version. */
  readonly ifVersion: number | null;
}

/** Changes the credentials of a user and ends all of their sessions. Null for an unknown user, and for another `ifVersion`. */
// Sessions end before and after the change. Before: if the process crashes in between, no session of the old
// credentials is left. After: a sign-in that checked the old credentials either fails by the version or ends here.
export async function changeCredentials(
  app: App,
  id: string,
  change: UserChange,
  { reason, ifVersion }: CredentialChange,
): Promise<User | null> {
  await endSessionsOf(app.engine, id, null, reason);
  const changed = await app.users.update(id, change, { ifVersion, raiseVersion: true });
  if (changed === null) return null;
  await endSessionsOf(app.engine, id, null, reason);
  app.engine.emit({
    type: reason === "user_disabled" ? "user.disabled" : "user.password_changed",
    userId: id,
  });
  return changed;
}

/** Checks and hashes a new password for an identifier. Fails with `invalid_request` or `weak_password`. */
export async function checkAndHash(
  app: App,
  password: string,
  identifier: Identifier | null,
): Promise<string> {
  await requireStrong(app, password, identifier);
  return hashPassword(app, password);
}

async function requireStrong(app: App, password: string, identifier: Identifier | null): Promise<void> {
  const provider = requirePassword(app);
  const checked = await provider.check(password, identifier);
  const verdict = checked === "ok" && (await isBreached(app, password)) ? "breached" : checked;
  if (verdict !== "ok") {
    const [code, text] = refusals[verdict];
    const name = nameOf(identifier);
    throw new AuthError(
      code,
      text.replace("{minimum}", `${provider.minLength}`).replace("{identifier}", name),
    );
  }
}

function nameOf(identifier: Identifier | null): string {
  if (identifier === null || !("username" in identifier)) return identifierNames.email;
  return "email" in identifier ? "identifier" : identifierNames.username;
}

// If it cannot be told, the password is accepted: another server must not decide whether users can sign up.
async function isBreached(app: App, password: string): Promise<boolean> {
  try {
    return await requirePassword(app).isBreached(password, app.env);
  } catch (cause) {
    app.engine.report(new AuthError("internal_error", undefined, null, { operation: "breached", cause }));
    return false;
  }
}

/** What a password must not be similar to: the address, the username, or both. */
function identifierOf({ email, username }: Pick<User, "email" | "username">): Identifier | null {
  if (email !== null) return username === null ? { email } : { email, username };
  return username === null ? null : { username };
}

/** Normalizes an identifier. Fails with `invalid_request`. */
export function requireNormal(kind: "email" | "username", input: string): string {
  const normal = normalForm(input, kind === "email" ? parseEmail : parseUsername);
  if (normal === null) throw new AuthError("invalid_request", `The ${identifierNames[kind]} is malformed.`);
  return normal;
}

/**
 * Refuses a proof of an address as typed that is none of its normal form: a mail system may deliver the two to different mailboxes.
 * Fails with `invalid_request`.
 */
export function requireSameMailbox(typed: string, normal: string): void {
  if (hasSameMailbox(typed, normal)) return;
  const advice = "which may be another mailbox: leave it out, and have the user prove the address";
  throw new AuthError(
    "invalid_request",
    `emailVerified is true, but the e-mail is stored in another spelling, ${advice}.`,
  );
}

/** Parses a name; null for none, and for a blank text as an empty field of a form. Fails with `invalid_request`. */
export function requireName(input: string | null): string | null {
  if (input === null || input.trim() === "") return null;
  const name = parseName(input);
  if (name !== null) return name;
  throw new AuthError("invalid_request", "The name is malformed, or longer than 320 characters.");
}

/** Parses the address of a picture; null for none. Fails with `invalid_request`. */
export function requirePicture(input: string | null): string | null {
  const picture = input === null ? null : parsePicture(input);
  if (input === null || picture !== null) return picture;
  throw new AuthError(
    "invalid_request",
    "The picture must be an absolute URL with https or http, of at most 2,048 characters.",
  );
}
