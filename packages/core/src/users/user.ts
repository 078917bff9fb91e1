import { AuthError } from "../platform/errors.ts";
import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { Identifier } from "./identifier.ts";

/** The id of a user. A plain string fits; the id of a session does not. */
export type UserId = string & { readonly brand?: "UserId" };

/** A user as stored. Identifiers are in normal form. */
export interface User {
  readonly id: UserId;
  readonly email: string | null;
  readonly username: string | null;
  readonly name: string | null;
  /** An absolute URL with `https` or `http`, as `parsePicture` accepts it, or null. A store keeps any text. */
  readonly picture: string | null;
  readonly emailVerified: boolean;
  /** A PHC string, or null for a user without a password. */
  readonly passwordHash: string | null;
  /** Raised when the credentials of the user change. A sign-in that checked an older version fails. */
  readonly credentialsVersion: number;
  readonly createdAt: EpochSeconds;
  readonly disabledAt: EpochSeconds | null;
}

/** What the application gets of a user: everything but the password hash and the version of the credentials. */
export type PublicUser<U extends User = User> = Omit<U, (typeof HIDDEN)[number]>;

const HIDDEN = ["passwordHash", "credentialsVersion"] as const;

/**
 * Copies a user without what only a store needs. A user of a class keeps its prototype, and the hidden members are then
 * undefined if the prototype has them.
 */
export function publicUser(user: User): PublicUser {
  const { passwordHash: _, credentialsVersion: __, ...shown } = Object.getOwnPropertyDescriptors(user);
  const copy: PublicUser = Object.create(Object.getPrototypeOf(user), shown);
  for (const name of HIDDEN) if (name in copy) Object.defineProperty(copy, name, { value: undefined });
  return copy;
}

/** An account at an identity provider: the id of the provider, and the subject of the user there. */
export interface LinkedAccount {
  readonly provider: string;
  readonly subject: string;
}

/** The members of `User` that `UserStore.update` changes. */
interface ChangedMembers {
  readonly name?: string | null;
  readonly picture?: string | null;
  readonly emailVerified?: boolean;
  readonly passwordHash?: string | null;
  readonly disabledAt?: EpochSeconds | null;
}

/** A change of a user, also of the members that only the rows of the application's own store have. */
export type UserChange<U extends User = User> = ChangedMembers & Partial<Omit<U, keyof User>>;

/** What `auth.users.update` changes, also the members that only the rows of the application's own store have. */
export type UserUpdate<U extends User = User> = Pick<ChangedMembers, "name" | "picture"> & {
  readonly email?: string;
  readonly emailVerified?: boolean;
} & Partial<Omit<U, keyof User>>;

const CHANGED_MEMBERS: Readonly<Record<keyof ChangedMembers, true>> = {
  name: true,
  picture: true,
  emailVerified: true,
  passwordHash: true,
  disabledAt: true,
};

/** Refuses a change of a member that `User` does not have, for a store that keeps no other. Fails with `invalid_request`. */
export function checkUserChange(change: UserChange): void {
  const unknown = Object.keys(change).find((name) => !Object.hasOwn(CHANGED_MEMBERS, name));
  if (unknown === undefined) return;
  const advice = "remove it, or keep it in a UserStore of your own";
  throw new AuthError(
    "invalid_request",
    `users.update: this store has no member ${JSON.stringify(unknown)}: ${advice}`,
  );
}

/** A range of users. */
export interface UserRange {
  /** The text that orders the users; those without it are not in the range. */
  readonly by: "id" | "email" | "username";
  /** What the text begins with; empty for any text. */
  readonly prefix: string;
  /** The range begins after this text, which begins with `prefix`; null for the first user. */
  readonly after: string | null;
  readonly limit: number;
}

/** The options of `auth.users.list`. */
export interface ListOptions {
  /** The `next` of the page before, with the same `query`. Default the first page. */
  readonly after?: string;
  /** From 1 to 1,000. Default 50. */
  readonly limit?: number;
  /** The beginning of an e-mail address or a username, as typed. Default all users. */
  readonly query?: string;
}

/** A page of users. */
export interface UserPage<U extends User = User> {
  readonly users: readonly PublicUser<U>[];
  /** The cursor of the next page; null after the last user. */
  readonly next: string | null;
}

/** The store of users. Emails are unique, and usernames are unique, both in normal form. */
export interface UserStore<U extends User = User> {
  /**
   * Inserts one user; `false` if the id or an identifier is taken, or if another call is taking it. Until that call has ended,
   * `find` may still return null; core then decides again for up to a second.
   *
   * `true` keeps `user.id`. A table that makes its own ids, such as serial numbers, ignores it and returns the id of its row as a
   * text. It must not give the id of a deleted user to another: an access token of that user is valid until it expires. In SQLite that
   * needs AUTOINCREMENT.
   */
  create(user: User): Promise<boolean | UserId>;

  get(id: UserId): Promise<U | null>;

  find(identifier: Identifier): Promise<U | null>;

  /**
   * Changes one user in one atomic step and returns the result. Null for an unknown user, or if `ifVersion` is given and is
   * not the user's `credentialsVersion`. `raiseVersion` adds one to `credentialsVersion`. It may fail with an `AuthError` of the
   * code `invalid_request` for a member that it does not keep.
   */
  update(
    id: UserId,
    change: UserChange<U>,
    options: { readonly ifVersion: number | null; readonly raiseVersion: boolean },
  ): Promise<U | null>;

  /**
   * Gives a user another address, sets `emailVerified` to `verified`, by default true, and adds one to `credentialsVersion`, in one
   * atomic step. Returns the changed user. Null for an unknown user, if `ifVersion` is not the user's `credentialsVersion`, and if
   * another call is giving the user the same address; `"taken"` if another user has the address or is getting it. The address that
   * the user had is free after that.
   */
  changeEmail(id: UserId, email: string, ifVersion: number, verified?: boolean): Promise<U | "taken" | null>;

  /**
   * Lists the users of a range, in the order of the UTF-8 bytes of that text. Ids that are numbers may be listed in the order of the
   * numbers. It must not read more rows than it returns, so it needs an index of each text. Optional: `auth.users.list` needs it.
   */
  list?(range: UserRange): Promise<readonly U[]>;

  /** Deletes one user; `false` for an unknown user. */
  delete(id: UserId): Promise<boolean>;

  /** Finds the user that an account is linked to. */
  findByAccount(account: LinkedAccount): Promise<U | null>;

  /**
   * Links an account to a user. `false` if the account is already linked to a user, if another call is linking it, or if the user
   * is unknown. Until that other call has ended, `findByAccount` may still return null.
   */
  link(id: UserId, account: LinkedAccount): Promise<boolean>;

  /** Removes a link of this user; `false` if there is none. */
  unlink(id: UserId, account: LinkedAccount): Promise<boolean>;

  /** Lists the accounts of a user, in the order of their linking. Deleting the user deletes them. */
  accounts(id: UserId): Promise<readonly LinkedAccount[]>;

  /**
   * Stores a text of up to 100,000 characters with a linked account, in place of the earlier one; null deletes it. `false`
   * if the account is not linked. Unlinking the account and deleting the user also delete the text.
   *
   * Core passes sealed text only.
   */
  keepTokens(account: LinkedAccount, sealed: string | null): Promise<boolean>;

  /** Returns the text that `keepTokens` stored; null if there is none, or if the account is not linked. */
  keptTokens(account: LinkedAccount): Promise<string | null>;
}

/** The tokens that a provider issued at a sign-in. Latchkey uses them to identify the user, and not after that. */
export interface ProviderTokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** Unchanged. For `openid` providers it was verified. */
  readonly idToken: string | null;
  readonly expiresIn: Seconds | null;
  readonly scope: string | null;
}

/** An account at an identity provider, as `hooks.signedIn` gets it. */
export interface ProviderAccount {
  readonly provider: string;
  /** The id of the user at the provider. Only provider and subject identify an account, never an e-mail address. */
  readonly subject: string;
  readonly email: string | null;
  /** Whether the provider says that the address is verified. `trustEmail` decides whether that is a proof. */
  readonly emailVerified: boolean;
  readonly name: string | null;
  /**
   * An https URL of at most 2,048 characters, without credentials. Null if the provider tells none, or another text. It is not
   * fetched: the server that it names sees who loads it, and may answer anything.
   */
  readonly picture: string | null;
  /** All claims of the provider, unchanged. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly tokens: ProviderTokens;
}
