import type { JsonObject } from "../platform/encoding.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { Device } from "../sessions/session.ts";
import { publicUser, type User } from "../users/user.ts";
import { changeCredentials, checkPasswordOf, hashPasswordOf } from "./accounts.ts";
import type { App } from "./app.ts";
import { hashPassword } from "./credentials.ts";
import { issueMailToken, readMailToken, redeemMailToken, requireMail } from "./mail-token.ts";
import { replacePassword } from "./prove-mailbox.ts";

/** A request to reset the password of an address. */
export interface ResetRequest {
  /** In normal form. */
  readonly email: string;
  readonly user: User | null;
  /** Whether the address was used to sign up, although it has an account. */
  readonly signedUpAgain: boolean;
}

/**
 * Issues a token that resets a password, and sends it. An address without a user, and the one of a disabled user, gets a token
 * that is not sent and resets nothing, so that all addresses cost the same calls to the store.
 */
export async function sendReset(app: App, { email, user, signedUpAgain }: ResetRequest): Promise<void> {
  const post = requireMail(app);
  const receiver = user !== null && user.disabledAt === null ? user : null;
  const data = { email, credentialsVersion: receiver?.credentialsVersion ?? 0 };
  const grant = { purpose: "reset", subject: email, userId: receiver?.id ?? null, data } as const;
  const issued = await issueMailToken(app, grant);
  if (receiver === null) return;
  post({ type: "reset", to: email, user: publicUser(receiver), ...issued, signedUpAgain });
}

/**
 * Sets the password of the user of a token, and ends all of their sessions. The token proves the mailbox. A password that is
 * refused does not redeem the token. Fails with `mail_token_invalid`, `weak_password` and the errors of a new password.
 */
export async function resetPassword(app: App, token: string, newPassword: string): Promise<User> {
  const { userId, data } = await readMailToken(app, "reset", token);
  const user = userId === null ? null : await app.users.get(userId);
  if (user === null || !isResettable(user, data)) throw new AuthError("mail_token_invalid");
  const passwordHash = await hashPasswordOf(app, user, newPassword);
  await redeemMailToken(app, "reset", token);
  const changed = await replacePassword(app, user.id, { passwordHash, ifVersion: user.credentialsVersion });
  if (changed === null) throw new AuthError("mail_token_invalid");
  return changed;
}

/** Decides whether a token that resets a password still fits its user: no change of the credentials or the address is newer. */
export function isResettable(
  user: Pick<User, "email" | "credentialsVersion" | "disabledAt">,
  { email, credentialsVersion }: JsonObject,
): boolean {
  return user.disabledAt === null && user.email === email && user.credentialsVersion === credentialsVersion;
}

const IMPOSSIBLE = "The password is malformed, or longer than 1,024 characters.";

/** The passwords of a change. */
export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/**
 * Changes the password of a user who gives the current one, and ends all of their sessions. `check` checks the current one, and
 * fails with `invalid_credentials`. A new password that is refused is no failure of that check, and tells nothing about the
 * current one. Fails with `invalid_credentials`, `weak_password` and the errors of a new password.
 */
export async function changePassword(
  app: App,
  user: User,
  { currentPassword, newPassword }: PasswordChange,
  check: () => Promise<User>,
): Promise<User> {
  if (app.password?.isPossible(currentPassword) === false) throw new AuthError("invalid_request", IMPOSSIBLE);
  await checkPasswordOf(app, user, newPassword);
  const { credentialsVersion } = await check();
  const passwordHash = await hashPassword(app, newPassword);
  const how = { reason: "password_changed", ifVersion: credentialsVersion } as const;
  const changed = await changeCredentials(app, user.id, { passwordHash }, how);
  if (changed === null) throw new AuthError("invalid_credentials");
  return changed;
}

/** Tells a user that their password was changed. */
export function tellPasswordChanged(app: App, user: User, device: Device): void {
  if (user.email === null) return;
  const at = now(app.env);
  app.mail?.({ type: "password_changed", to: user.email, user: publicUser(user), at, device });
}
