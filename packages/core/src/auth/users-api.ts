import type { NewUser } from "../accounts/accounts.ts";
import type { App } from "../accounts/app.ts";
import type { EndSessionOptions } from "../accounts/end-session.ts";
import type { ImportedUser, ImportResult } from "../accounts/import-users.ts";
import type { Identifier } from "../users/identifier.ts";
import type {
  LinkedAccount,
  ListOptions,
  ProviderTokens,
  PublicUser,
  User,
  UserId,
  UserPage,
  UserUpdate,
} from "../users/user.ts";

/** Users, with everything that must happen to their sessions. No user that it returns has the password hash. */
export interface UsersApi<U extends User = User> {
  /** Fails with `invalid_request`, `weak_password`, `identifier_taken` or, where too many passwords are being hashed, `rate_limited`. */
  create(user: NewUser): Promise<PublicUser<U>>;
  get(id: UserId): Promise<PublicUser<U> | null>;
  /** Finds by e-mail or user name, as typed. */
  find(identifier: Identifier): Promise<PublicUser<U> | null>;
  /**
   * Changes a user, and returns the changed one; null for an unknown user. It checks no permission: pass only what the caller may
   * change, never the body of a request.
   *
   * - `name` is trimmed, at most 320 characters; `picture` is an absolute URL with `https` or `http`, at most 2,048 characters. Null removes it.
   * - `email` gives another address, as typed. `emailVerified: true` says that you have checked the mailbox. Without it the address is not
   *   proved: the password and the links stay, and the first proof of the mailbox removes them, as for every unproved address. Sessions
   *   stay: call `sessions.revokeAll` to end them. Sign-ins in progress and the tokens of earlier messages fail, but for one that undoes a change
   *   of the address. It sends no message.
   * - Any other member goes to the `update` of your own `UserStore`. The stores of Latchkey refuse it.
   *
   * Members besides `email` change in one atomic step, after the address. Fails with `invalid_request` and `identifier_taken`.
   *
   * @example
   * await auth.users.update(id, { name: "Ann Example", email: "ann@example.com", emailVerified: true });
   */
  update(id: UserId, change: UserUpdate<U>): Promise<PublicUser<U> | null>;
  /**
   * Lists users, a page at a time, disabled ones too. It checks no permission.
   *
   * Without `query`, all users in the order of their ids. With it, the users whose e-mail address begins with it, in the order of the
   * addresses, and then the other users whose username begins with it, in the order of the usernames. `query` is compared in the normal
   * form: NFKC, lower-case, trimmed; the domain of an address in ASCII. It does not search within a text, or by name.
   *
   * Pass `next` as `after` for the next page. With `query` a page can have fewer than `limit` users before the last one. A user that is
   * created, or whose address changes, while you read the pages may be missing. Fails with `invalid_request`; rejects with a `TypeError`
   * if your own `UserStore` has no `list`.
   *
   * @example
   * const { users, next } = await auth.users.list({ query: "ann@", limit: 20 });
   */
  list(options?: ListOptions): Promise<UserPage<U>>;
  /**
   * Imports up to 1,000 users of another system, with the hashes of their passwords, and returns a result for each row, in their order.
   * It checks no permission, sends no message, and checks neither the strength of a password nor that a mailbox exists.
   *
   * - Identifiers get the normal form of a sign-up, so an address in another case is the same user.
   * - `passwordHash` must be of the hasher or of a format in `legacy` of `password()`. If any row has a hash that neither reads, nothing
   *   is written, and it fails with `invalid_request` that names what to add. A hash of a cost beyond the bounds is `"invalid"`.
   * - `emailVerified: true` says that the other system has checked the mailbox. Without it, the first proof of the mailbox removes
   *   the password and the accounts, as for every unproved address. With it, an address whose normal form may be another mailbox is
   *   `"invalid"`, such as one with a long s.
   * - `createdAt` and `disabledAt` are seconds since 1970.
   * - `accounts` need `id`. It does not check that a provider is configured. A `UserStore` that makes its own ids ignores `id`.
   *
   * The results: `"created"`; `"exists"` for a row that was imported before, so a run that crashed can be repeated as it is; `"taken"` if
   * another user has the id, the identifier or the account; `"invalid"` with the reason. A row that is not created writes nothing.
   *
   * @example
   * const results = await auth.users.import([{ id: "42", email: "ann@example.com", passwordHash: "$2b$12$..." }]);
   */
  import(rows: readonly ImportedUser[]): Promise<readonly ImportResult<U>[]>;
  /**
   * Sets a password and ends all of the user's sessions. `false` where there is no such user. Fails with `invalid_request`,
   * `weak_password` or, where too many passwords are being hashed, `rate_limited`.
   *
   * With `provesEmail`, the caller has checked that the user chose the password with access to the mailbox, as after a message with a
   * link to reset it: the address is verified from then on, and where it was not before, every link to a provider goes too. Without it, links stay.
   */
  setPassword(id: UserId, password: string, options?: { readonly provesEmail?: boolean }): Promise<boolean>;
  /**
   * Sends a message with a link that resets the password of an address. An unknown address, and the one of a disabled user, gets
   * none, and costs the same calls to the store. It counts no limit. Fails with `invalid_request`; rejects with a `TypeError` without
   * the option `mail`.
   */
  forgotPassword(email: string): Promise<void>;
  /**
   * Sets the password of the user that a token of `forgotPassword` was sent to, and ends all of their sessions. It proves the
   * mailbox, as `setPassword` with `provesEmail` does. A password that is refused leaves the token valid. Fails with
   * `mail_token_invalid`, `invalid_request`, `weak_password` or `rate_limited`.
   */
  resetPassword(token: string, newPassword: string): Promise<PublicUser<U>>;
  /**
   * Changes the password of a user who knows the current one, and ends all of their sessions. It counts no limit, and does not check
   * that the user is signed in. Fails with `not_found`, `invalid_credentials`, `invalid_request`, `weak_password` or `rate_limited`.
   */
  changePassword(
    id: UserId,
    change: { readonly currentPassword: string; readonly newPassword: string },
  ): Promise<PublicUser<U>>;
  /**
   * Sends a message with a link that verifies an address, to a user or a sign-up that waits for it. Any other address gets none, and
   * costs the same calls to the store. It counts no limit. Fails with `invalid_request`; rejects with a `TypeError` without the option
   * `mail`.
   */
  requestEmailVerification(email: string): Promise<void>;
  /**
   * Verifies the address that a token was sent to. The user of a sign-up with `verifyEmail: "required"` is created by it.
   *
   * With the `password` that was chosen at the sign-up everything is kept, and a wrong one leaves the token valid. Without it a first
   * proof removes the password, as `confirmEmail` does. Fails with `mail_token_invalid`, `invalid_credentials` or `rate_limited`.
   */
  verifyEmail(token: string, options?: { readonly password?: string }): Promise<PublicUser<U>>;
  /**
   * Sends an invitation to an address, for a sign-up or a first sign-in with a provider that `signUp: "invited"` admits. It replaces an
   * earlier one. Fails with `invalid_request` or `identifier_taken`; rejects with a `TypeError` without the option `mail`, and with
   * `signUp: "closed"`.
   */
  invite(email: string): Promise<void>;
  /**
   * Marks the user's address as verified, once you have checked that they have the mailbox. `false` where there is no such
   * user. Fails with `invalid_request` where the user has no address.
   *
   * A first proof removes the password and all links, and ends all sessions: they may be those of an attacker who signed up with
   * the address before its owner. For an address that is verified already it changes nothing.
   */
  confirmEmail(id: UserId): Promise<boolean>;
  /** Bars a user from signing in and ends all of their sessions. */
  disable(id: UserId): Promise<boolean>;
  /** Lets a disabled user sign in again. */
  enable(id: UserId): Promise<boolean>;
  /**
   * Sends a message to the address that a user wants to have, with a token that proves it. Nothing changes yet. An address that
   * another user has gets no message, and costs the same calls to the store. It counts no limit. Fails with `not_found`, and with
   * `invalid_request` for the address that the user has; rejects with a `TypeError` without the option `mail`.
   */
  changeEmail(id: UserId, email: string): Promise<void>;
  /**
   * Gives the user of a token of `changeEmail` the address that it proves. It does not check that this user is signed in: check that,
   * or an attacker can have another person attach their address to the account of the attacker. Sessions stay. The former address,
   * if it was proved, gets a notice with a token that undoes the change. Fails with `mail_token_invalid` or `identifier_taken`.
   */
  confirmEmailChange(token: string): Promise<PublicUser<U>>;
  /**
   * Gives a user the address back that they had before a change. It removes their password and all links, and ends all sessions. Fails
   * with `mail_token_invalid`, and with `identifier_taken` if another account has that address by now; then the token stays valid.
   */
  undoEmailChange(token: string): Promise<PublicUser<U>>;
  /**
   * Sends a link to sign in to an address. An unknown address gets none without `magicLink({ signUp: true })`, and costs the same
   * calls to the store. It counts no limit. Fails with `invalid_request`, and with `not_found` without the provider `magicLink()`.
   */
  sendLink(email: string): Promise<void>;
  /**
   * Redeems the token of a link, which proves the mailbox as `confirmEmail` does, and returns its user. It starts no session: call
   * `sessions.create`. Fails with `mail_token_invalid`.
   */
  redeemLink(token: string): Promise<PublicUser<U>>;
  /** Sends a code to sign in to an address, by the rules of `sendLink`, for the provider `emailCode()`. */
  sendCode(email: string): Promise<void>;
  /**
   * Redeems the code of an address, by the rules of `redeemLink`. A code has 5 tries, and this function counts no failures of a client.
   * Fails with `mail_token_invalid`.
   */
  redeemCode(email: string, code: string): Promise<PublicUser<U>>;
  /** Deletes a user with their links and the tokens of their messages, and ends all of their sessions. */
  delete(id: UserId): Promise<boolean>;
  /** The accounts at providers that a user can sign in with, in the order of their linking. */
  accounts(id: UserId): Promise<readonly LinkedAccount[]>;
  /**
   * Removes the links of a user to a provider, also the last sign-in method, and ends all of their sessions. `false` where
   * there was none.
   */
  unlink(id: UserId, provider: string): Promise<boolean>;
  /**
   * Makes the URL that signs a user out at a provider, with the page to come back to; null if the provider has no such page, as Google
   * and GitHub. Send the browser of this user there, after you have ended their session here: it ends none.
   *
   * With `storeTokens` it has the ID token of the user's last sign-in as a hint, so it is a secret of the user: show it to no other
   * one, and write it to no log. Without a hint most providers ask the user whether they want to sign out.
   *
   * Fails with `not_found` for an unknown provider, with `redirect_not_allowed`, with `oauth_failed` if the metadata of the provider
   * cannot be read, and with `invalid_request`. See OpenID Connect RP-Initiated Logout 1.0.
   *
   * @example
   * const url = await auth.users.endSessionURL(userId, "keycloak", { redirectTo: "/goodbye" });
   */
  endSessionURL(id: UserId, provider: string, options?: EndSessionOptions): Promise<string | null>;
  /** A provider's tokens as of the last sign-in; null unless the provider has `storeTokens`. It does not refresh them. */
  providerTokens(id: UserId, provider: string): Promise<ProviderTokens | null>;
}

type RareName = Exclude<keyof UsersApi, "get" | "find">;

/** The calls that are loaded with the first of them, as functions of the application. */
export type RareUserCalls = {
  readonly [Name in RareName]: (
    app: App,
    ...given: Parameters<UsersApi<User>[Name]>
  ) => ReturnType<UsersApi<User>[Name]>;
};
