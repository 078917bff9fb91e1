import type { EpochSeconds, Seconds } from "../platform/time.ts";
import type { Identifier } from "./identifier.ts";

/** The id of a user. A plain string fits; the id of a session does not. */
export type UserId = string & { readonly brand?: "UserId" };

/** A user as stored. Identifiers are in their normal form. */
export interface User {
  readonly id: UserId;
  readonly email: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly emailVerified: boolean;
  /** A PHC string, or null for a user without a password. */
  readonly passwordHash: string | null;
  /** Raised whenever what the user signs in with changes; a sign-in that checked an older one fails. */
  readonly credentialsVersion: number;
  readonly createdAt: EpochSeconds;
  readonly disabledAt: EpochSeconds | null;
}

/** An account at an identity provider: the provider's name, and the subject that it knows the user by. */
export interface LinkedAccount {
  readonly provider: string;
  readonly subject: string;
}

export interface UserChange {
  readonly name?: string | null;
  readonly emailVerified?: boolean;
  readonly passwordHash?: string | null;
  readonly disabledAt?: EpochSeconds | null;
}

/** Where users live. Identifiers are unique in their normal form, each kind by itself. */
export interface UserStore<U extends User = User> {
  /** Inserts one user; `false` where the id or an identifier is taken. */
  create(user: User): Promise<boolean>;

  get(id: UserId): Promise<U | null>;

  find(identifier: Identifier): Promise<U | null>;

  /**
   * Changes one user in one atomic step and returns the result, or null where there is none, or where
   * `ifVersion` is given and is not the user's. `raiseVersion` adds one to `credentialsVersion`.
   */
  update(
    id: UserId,
    change: UserChange,
    options: { readonly ifVersion: number | null; readonly raiseVersion: boolean },
  ): Promise<U | null>;

  /** Deletes one user; `false` where there is none. */
  delete(id: UserId): Promise<boolean>;

  /** Finds the user that an account is linked to. */
  findByAccount(account: LinkedAccount): Promise<U | null>;

  /** Links an account to a user. `false` where it is linked to anybody already, or there is no such user. */
  link(id: UserId, account: LinkedAccount): Promise<boolean>;

  /** Undoes a link of this user; `false` where there is none. */
  unlink(id: UserId, account: LinkedAccount): Promise<boolean>;

  /** The accounts linked to a user, in the order of their linking. Deleting the user deletes them. */
  accounts(id: UserId): Promise<readonly LinkedAccount[]>;

  /**
   * Keeps a text of up to 100,000 characters with a linked account, in place of the one before; null forgets it.
   * `false` where the account is not linked. Unlinking it forgets the text, and so does deleting the user.
   *
   * What core hands in is sealed.
   */
  keepTokens(account: LinkedAccount, sealed: string | null): Promise<boolean>;

  /** What `keepTokens` kept; null where there is nothing, or no such link. */
  keptTokens(account: LinkedAccount): Promise<string | null>;
}

/** What an identity provider issued along with an identity. Latchkey reads who somebody is, and needs none of it after that. */
export interface ProviderTokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** As sent; for `openid` providers it was verified. */
  readonly idToken: string | null;
  readonly expiresIn: Seconds | null;
  readonly scope: string | null;
}

/** An account at an identity provider, as `hooks.signedIn` sees it, once. */
export interface ProviderAccount {
  readonly provider: string;
  /** Who it is: with the provider the only identity. An e-mail address is none. */
  readonly subject: string;
  readonly email: string | null;
  /** Whether the provider calls the address verified; whether that is proof depends on the address, see `trustEmail`. */
  readonly emailVerified: boolean;
  readonly name: string | null;
  /** Everything the provider tells, in its own words. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly tokens: ProviderTokens;
}
