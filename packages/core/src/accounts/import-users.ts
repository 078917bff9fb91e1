import { kindOf } from "../platform/callback-answer.ts";
import { isRecord, withoutPrototype } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";
import { refuseUnknown } from "../platform/option-error.ts";
import type { EpochSeconds } from "../platform/time.ts";
import { type LinkedAccount, type PublicUser, publicUser, type User } from "../users/user.ts";
import {
  deleteUser,
  insertUser,
  requireName,
  requireNormal,
  requirePicture,
  requireSameMailbox,
} from "./accounts.ts";
import type { App } from "./app.ts";

/** A user of another system. */
export interface ImportedUser {
  /** 1 to 255 printable characters of ASCII without spaces. Default a new id. */
  readonly id?: string;
  readonly email?: string | null;
  readonly username?: string | null;
  readonly name?: string | null;
  readonly picture?: string | null;
  /** Whether the other system has checked that the user has the mailbox. Default false. */
  readonly emailVerified?: boolean;
  /** As the other system stored it. Default null: no password. */
  readonly passwordHash?: string | null;
  /** Default now. */
  readonly createdAt?: EpochSeconds;
  /** Default null: not disabled. */
  readonly disabledAt?: EpochSeconds | null;
  /** The accounts at providers that the user signs in with. They need `id`. */
  readonly accounts?: readonly LinkedAccount[];
}

/** The result of one row. */
export type ImportResult<U extends User = User> =
  | { readonly status: "created"; readonly user: PublicUser<U> }
  /** The same row was imported before. A link that a crash kept from being made is made now. */
  | { readonly status: "exists"; readonly user: PublicUser<U> }
  /** Another user has the `by` of this row, or another call is taking an identifier now: `by` is null. */
  | { readonly status: "taken"; readonly by: "id" | "email" | "username" | "account" | null }
  | { readonly status: "invalid"; readonly reason: string };

/** A row in the normal form of a sign-up. */
export interface ImportRow {
  readonly user: Pick<User, "email" | "username" | "name" | "picture" | "emailVerified" | "passwordHash"> &
    Partial<Pick<User, "id" | "createdAt" | "disabledAt">>;
  readonly accounts: readonly LinkedAccount[];
}

const MEMBERS: Readonly<Record<keyof ImportedUser, true>> = {
  id: true,
  email: true,
  username: true,
  name: true,
  picture: true,
  emailVerified: true,
  passwordHash: true,
  createdAt: true,
  disabledAt: true,
  accounts: true,
};

const MOST_ROWS = 1_000;
const MOST_ACCOUNTS = 20;
const ID = /^[\x21-\x7e]{1,255}$/;
const PROVIDER = /^[\x21-\x7e]{1,64}$/;
// As of the year 5138: a larger number is in milliseconds.
const LATEST: EpochSeconds = 99_999_999_999;

/** Brings a row into its normal form. Returns the reason if it is invalid. Pure. */
export function decideRow(row: unknown): ImportRow | string {
  try {
    return parseRow(row);
  } catch (error) {
    if (error instanceof AuthError || error instanceof TypeError) return error.message;
    throw error;
  }
}

function parseRow(given: unknown): ImportRow {
  const row = withoutPrototype(given);
  if (!isRecord(row)) throw new TypeError(`the row is ${kindOf(row)}, but it must be an object`);
  refuseUnknown("users.import", "", row, Object.keys(MEMBERS));
  const [email, username] = [textOf(row, "email"), textOf(row, "username")];
  const accounts = accountsOf(row["accounts"]);
  if (email === null && username === null && accounts.length === 0)
    throw new TypeError("the row has no email, no username and no accounts: the user could not sign in");
  const emailVerified = isVerified(row["emailVerified"], email);
  const user = {
    ...idOf(row, accounts),
    email: email === null ? null : normalEmail(email, emailVerified),
    username: username === null ? null : requireNormal("username", username),
    name: requireName(textOf(row, "name")),
    picture: requirePicture(textOf(row, "picture")),
    emailVerified,
    passwordHash: hashOf(row),
    ...timesOf(row),
  };
  return { user, accounts };
}

type Row = Readonly<Record<string, unknown>>;

function idOf(row: Row, accounts: readonly LinkedAccount[]): Partial<Pick<User, "id">> {
  const id = textOf(row, "id");
  if (id !== null && !ID.test(id))
    throw new TypeError("id must be 1 to 255 printable characters of ASCII without spaces");
  if (id === null && accounts.length > 0)
    throw new TypeError("accounts need id: a repeated import recognizes its user by it");
  return id === null ? {} : { id };
}

function hashOf(row: Row): string | null {
  const hash = textOf(row, "passwordHash");
  if (hash === "") throw new TypeError("passwordHash is empty: leave it out for a user without a password");
  return hash;
}

function textOf(row: Row, name: keyof ImportedUser): string | null {
  const value = row[name] ?? null;
  if (value === null || typeof value === "string") return value;
  throw new TypeError(`${name} is ${kindOf(value)}, but it must be text or null`);
}

function isVerified(value: unknown, email: string | null): boolean {
  if (value !== undefined && typeof value !== "boolean")
    throw new TypeError(`emailVerified is ${kindOf(value)}, but it must be true or false`);
  if (value === true && email === null)
    throw new TypeError("emailVerified is true, but the row has no email");
  return value === true;
}

function normalEmail(email: string, isProven: boolean): string {
  const normal = requireNormal("email", email);
  if (isProven) requireSameMailbox(email, normal);
  return normal;
}

function timesOf(row: Row): Partial<Pick<User, "createdAt" | "disabledAt">> {
  const { createdAt, disabledAt = null } = row;
  return {
    ...(createdAt === undefined ? {} : { createdAt: timeOf("createdAt", createdAt) }),
    disabledAt: disabledAt === null ? null : timeOf("disabledAt", disabledAt),
  };
}

function timeOf(name: string, value: unknown): EpochSeconds {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= LATEST) return value;
  throw new TypeError(`${name} must be a whole number of seconds since 1970, not milliseconds or a Date`);
}

function accountsOf(value: unknown): readonly LinkedAccount[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > MOST_ACCOUNTS)
    throw new TypeError(`accounts must be a list of at most ${MOST_ACCOUNTS}`);
  return value.map((account: unknown) => {
    const { provider, subject } = isRecord(account) ? account : {};
    const isProvider = typeof provider === "string" && PROVIDER.test(provider);
    const isSubject = typeof subject === "string" && subject !== "" && subject.length <= 255;
    if (!isProvider || !isSubject || !subject.isWellFormed())
      throw new TypeError("accounts must hold { provider, subject }, each text of 1 to 255 characters");
    return { provider, subject };
  });
}

/** What the store has for a row that it did not take. */
export interface Found {
  readonly byId: User | null;
  readonly byEmail: User | null;
  readonly byUsername: User | null;
}

/** Decides whether a row that the store did not take was imported before, or another user is in its way. Pure. */
export function decideConflict({ user }: ImportRow, { byId, byEmail, byUsername }: Found): ConflictDecision {
  if (byId !== null && user.id === byId.id) {
    const isSame = byId.email === user.email && byId.username === user.username;
    // The id alone is no proof of the person: after a change of the credentials the links are the user's own affair.
    return isSame || byId.credentialsVersion > 0
      ? { kind: "exists", user: byId, isUntouched: isSame && byId.credentialsVersion === 0 }
      : { kind: "taken", by: "id" };
  }
  if (byEmail !== null) return { kind: "taken", by: "email" };
  return { kind: "taken", by: byUsername === null ? null : "username" };
}

export type ConflictDecision =
  | { readonly kind: "exists"; readonly user: User; readonly isUntouched: boolean }
  | { readonly kind: "taken"; readonly by: "id" | "email" | "username" | null };

/**
 * Imports users, in the order of the rows, and returns a result for each. Nothing is written if a hash of any row cannot be read: it then fails with
 * `invalid_request`.
 */
export async function importUsers(app: App, rows: readonly ImportedUser[]): Promise<readonly ImportResult[]> {
  if (rows.length > MOST_ROWS)
    throw new AuthError(
      "invalid_request",
      `users.import takes at most ${MOST_ROWS} users at once, and got ${rows.length}`,
    );
  const parsed: (ImportRow | string)[] = [];
  for (const [at, row] of rows.entries()) {
    const decided = decideRow(row);
    parsed.push(typeof decided === "string" ? decided : ((await refusalOf(app, decided, at)) ?? decided));
  }
  const results: ImportResult[] = [];
  for (const row of parsed) {
    results.push(typeof row === "string" ? { status: "invalid", reason: row } : await importOne(app, row));
  }
  return results;
}

/** The reason why the hash of a row is not run; null for one that is. Fails with `invalid_request` for an unknown format. */
async function refusalOf({ password }: App, { user }: ImportRow, at: number): Promise<string | null> {
  if (user.passwordHash === null) return null;
  if (password === null)
    throw new AuthError("invalid_request", "users.import: add password() to providers to import hashes");
  const verdict = await password.judgeHash(user.passwordHash);
  if (verdict.kind === "refused") return verdict.reason;
  if (verdict.kind === "ok") return null;
  // A hash that no sign-in can check would lock its user out.
  throw new AuthError(
    "invalid_request",
    `users.import: no hasher reads the passwordHash of row ${at}: ${verdict.advice}`,
  );
}

async function importOne(app: App, row: ImportRow): Promise<ImportResult> {
  const { user, accounts } = row;
  for (const account of accounts) {
    const owner = await app.users.findByAccount(account);
    if (owner !== null && owner.id !== user.id) return { status: "taken", by: "account" };
  }
  const created = await insertUser(app, user);
  if (created === null) return resolveConflict(app, row);
  if (await linkAll(app, created.id, accounts)) return { status: "created", user: publicUser(created) };
  // Another request linked an account since the check: no half of a user stays.
  await deleteUser(app, created.id);
  return { status: "taken", by: "account" };
}

async function resolveConflict(app: App, row: ImportRow): Promise<ImportResult> {
  const { id, email, username } = row.user;
  const decision = decideConflict(row, {
    byId: id === undefined ? null : await app.users.get(id),
    byEmail: email === null ? null : await app.users.find({ email }),
    byUsername: username === null ? null : await app.users.find({ username }),
  });
  if (decision.kind === "taken") return { status: "taken", by: decision.by };
  if (decision.isUntouched && !(await linkAll(app, decision.user.id, row.accounts)))
    return { status: "taken", by: "account" };
  return { status: "exists", user: publicUser(decision.user) };
}

/** Links the accounts that are not linked yet. `false` if one belongs to another user. */
async function linkAll(app: App, id: string, accounts: readonly LinkedAccount[]): Promise<boolean> {
  for (const account of accounts) {
    if (await app.users.link(id, account)) continue;
    if ((await app.users.findByAccount(account))?.id !== id) return false;
  }
  return true;
}
