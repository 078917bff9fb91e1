import type { NewUser } from "../accounts/accounts.ts";
import type { RequestHost } from "../accounts/client.ts";
import type { ImportedUser, ImportResult } from "../accounts/import-users.ts";
import type { RouteName } from "../http/handle.ts";
import type { ValidateOptions, Validation } from "../http/validation.ts";
import type { PublicJwk } from "../keys/jwk.ts";
import type { ErrorCode } from "../platform/errors.ts";
import type { Seconds } from "../platform/time.ts";
import type { RotationOutcome } from "../sessions/decide.ts";
import type { Device, Session, SessionDetails, SessionId, Transport } from "../sessions/session.ts";
import type { SessionLifetimes } from "../sessions/start.ts";
import type { StepUpBounds } from "../sessions/step-up.ts";
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

/** A session that `sessions.create` started, and the tokens of it. */
export interface IssuedSession<Context = unknown> {
  readonly session: Session<Context>;
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly expiresIn: Seconds;
  /** The Set-Cookie lines of cookie transport; none for bearer. */
  readonly headers: Headers;
}

/** What `sessions.refresh` made of a refresh token. */
export type RefreshOutcome<Context = unknown> =
  | {
      readonly ok: true;
      readonly outcome: Exclude<RotationOutcome, "reuse">;
      readonly session: Session<Context>;
      readonly accessToken: string;
      /** Null where only an access token is given: keep the refresh token you have. */
      readonly refreshToken: string | null;
      readonly expiresIn: Seconds;
      readonly headers: Headers;
    }
  | { readonly ok: false; readonly code: ErrorCode };

export interface CreateSessionOptions<Context = unknown> extends SessionLifetimes {
  readonly context?: Context;
  /** What is known of the client. The first refresh by a request stores what is missing, without an event. */
  readonly device?: Partial<Device>;
  /** Default cookie. */
  readonly transport?: Transport;
  /** Whether the cookies outlive the browser. It does not change the lifetimes of the session. Default true. */
  readonly remember?: boolean;
  /** How the user proved who they are (RFC 8176). Default none. */
  readonly amr?: readonly string[];
}

/** Sessions by hand. */
export interface SessionsApi<Context = unknown> {
  /**
   * Starts a session for a user that you have authenticated. It checks no credentials. Fails with `not_found` for an
   * unknown user and `invalid_credentials` for a disabled one.
   */
  create(userId: UserId, options?: CreateSessionOptions<Context>): Promise<IssuedSession<Context>>;
  /** Presents a refresh token of either transport, by the rules of leased rotation. */
  refresh(refreshToken: string): Promise<RefreshOutcome<Context>>;
  /** Verifies an access token by hand; with `transport`, as one that came by it. Never refreshes. */
  verify(token: string, options?: { readonly transport?: Transport }): Promise<Validation<Context>>;
  /** One session, ended ones too, or null. */
  get(id: SessionId): Promise<SessionDetails<Context> | null>;
  /** The user's live sessions, newest first. */
  list(userId: UserId): Promise<readonly SessionDetails<Context>[]>;
  /**
   * Replaces the context of a session, such as the role of a demoted administrator; the user stays signed in. Null where it is over.
   *
   * `validate` has the new context at once with `fresh` or `revocation: "store"`, and within the interval of `revocation` in every
   * process: it refreshes, or reads the session if the request has no refresh token. `createValidator` with `endedUrl` then refuses the
   * older token with `session_expired`, so that the client refreshes. With `revocation: "none"` the next refresh has it.
   */
  update(id: SessionId, change: { readonly context: Context }): Promise<SessionDetails<Context> | null>;
  /** Ends a session. `false` where there was none to end. */
  revoke(id: SessionId): Promise<boolean>;
  /** Ends a user's sessions but `except`, fails sign-ins that are under way, and returns how many it ended. */
  revokeAll(userId: UserId, options?: { readonly except?: SessionId }): Promise<number>;
  /**
   * Deletes sessions that are over, one user's or everybody's, and returns how many; with `keepEnded` it only marks
   * expired ones as ended. Everybody's takes the expired one-time tokens along.
   */
  prune(options?: { readonly userId?: UserId }): Promise<number>;
}

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
   *   stay: call `sessions.revokeAll` to end them. Sign-ins in progress and the tokens of earlier messages fail. It sends no message.
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
   *   the password and the accounts, as for every unproved address.
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
  /** A provider's tokens as of the last sign-in; null unless the provider has `storeTokens`. It does not refresh them. */
  providerTokens(id: UserId, provider: string): Promise<ProviderTokens | null>;
}

/** The signing keys. */
export interface KeysApi {
  /** The public keys as served under `/jwks` (RFC 7517). */
  jwks(): Promise<{ readonly keys: readonly PublicJwk[] }>;
  /** Puts the announced key in use now. No session ends. */
  rotate(): Promise<void>;
  /** Refuses everything signed with a key, in this process at once and in others within 10 minutes. Refresh tokens stay valid. `false` for an unknown key. */
  revoke(kid: string): Promise<boolean>;
}

/** A part of a deployment that `check` looks at. */
export type CheckedPart =
  | "options"
  | "keys"
  | "store"
  | "store.sessions"
  | "store.users"
  | "store.keys"
  | "store.tokens"
  | "store.throttle"
  | "mail";

/** What `check` found wrong with one part. */
export interface CheckProblem {
  readonly part: CheckedPart;
  /** The message of the error, for the log of a deployment. */
  readonly message: string;
  /** What the part threw: for a store, the error of its driver, for mail the one of `mail.check`. */
  readonly error: unknown;
}

/** What `check` found. */
export type CheckResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly problems: readonly CheckProblem[] };

/** What `createAuth` returns. */
export interface Auth<Context = unknown, U extends User = User> {
  /**
   * Answers every route under `basePath`, and 404 for the rest. Never throws. Pass the client's address in `host`: without
   * it no limit by client network applies. A misspelled member of `host` is `internal_error`.
   */
  handle(request: Request, host?: RequestHost): Promise<Response>;
  /**
   * Tells who sends a request, and refreshes on the way where that is due. A live access token costs no call to the
   * store. That its session ended is seen within seconds, by the list that `revocation` reads, and at once with `fresh`. Never throws on input;
   * rejects with a `TypeError` for an option that it does not have.
   */
  validate(request: Request, options?: ValidateOptions): Promise<Validation<Context>>;
  /**
   * Refuses a valid session whose sign-in does not meet the bounds, as `validate` does with `maxAge` and `amr`: 401
   * `insufficient_user_authentication` with the challenge of RFC 9470. Returns any other validation unchanged. It is for a session
   * that was validated before, as adapters have it. Throws a `TypeError` for bounds that are not valid.
   *
   * @example
   * const validation = auth.stepUp(await auth.validate(request), { maxAge: minutes(15) });
   */
  stepUp(validation: Validation<Context>, bounds: StepUpBounds): Validation<Context>;
  /**
   * CORS for routes of the application, by `trustedOrigins`, with credentials. `handle` and `handlers` have it already.
   *
   * - `cors(request)` returns the response to a preflight, and null for any other request.
   * - `cors(request, response)` returns a copy of a response that pages of these origins can read. It names the origin, never `*`, and adds
   *   `Vary: Origin`.
   *
   * A page of any other origin gets no permission. It does not check the origin of an unsafe request, which is sent in any case:
   * `validate` does. See Fetch 3.2. Throws an `AuthError` with `invalid_request` for an argument of another type.
   *
   * @example
   * const preflight = auth.cors(request);
   * if (preflight !== null) return preflight;
   * return auth.cors(request, await respond(request));
   */
  readonly cors: {
    (request: Request): Response | null;
    (request: Request, response: Response): Response;
  };
  /** Each route by itself, to mount on any path. */
  readonly handlers: Readonly<Record<RouteName, (request: Request, host?: RequestHost) => Promise<Response>>>;
  readonly sessions: SessionsApi<Context>;
  readonly users: UsersApi<U>;
  readonly keys: KeysApi;
  /**
   * Checks what a deployment needs, before it gets requests. Never throws, and writes nothing.
   *
   * - `options`: no secret is missing. Nothing else is checked without it.
   * - `keys`: the key that signs can be opened with `secret`, and its public part verifies its signature.
   * - `store`: an SQL store has tables of this version.
   * - `store.sessions` and the other parts: each answers within `storeTimeout`.
   *
   * It does not check providers, or that the store can write. Before the first request a store has no keys, which is no problem.
   *
   * @example
   * const found = await auth.check();
   * if (!found.ok) throw new Error(found.problems.map(({ part, message }) => `${part}: ${message}`).join("\n"));
   */
  check(): Promise<CheckResult>;
}
