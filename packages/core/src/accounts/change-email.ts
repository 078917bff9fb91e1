import { attempts, now } from "../platform/env.ts";
import { AuthError, reportQuietly } from "../platform/errors.ts";
import { endSessionsOf } from "../sessions/end.ts";
import { publicUser, type User, type UserId } from "../users/user.ts";
import { takenError } from "./accounts.ts";
import type { App } from "./app.ts";
import { decideChangeRequest, decideEmailChange, decideUndo } from "./decide-email-change.ts";
import {
  issueMailToken,
  issueUndoToken,
  readMailSlot,
  readMailToken,
  redeemMailToken,
  requireMail,
  textOf,
  versionOf,
} from "./mail-token.ts";
import { removeLinks, removeMethods } from "./prove-mailbox.ts";

/**
 * Mails a proof to the address that a user asks for. Nothing changes yet. An address that another user has costs the same
 * calls to the store, and gets no message. Fails with `invalid_request` for the address that the user has already.
 */
export async function requestEmailChange(
  app: App,
  user: User,
  { email, holder }: { readonly email: string; readonly holder: User | null },
): Promise<void> {
  const mail = requireMail(app);
  const request = decideChangeRequest(user, email, holder);
  if (request === "unchanged") {
    throw new AuthError("invalid_request", "The account has this e-mail already.");
  }
  const data = { email, credentialsVersion: user.credentialsVersion };
  const grant = { purpose: "change", subject: user.id, userId: user.id, data } as const;
  const issued = await issueMailToken(app, grant);
  if (request === "free") mail({ type: "change", to: email, user: publicUser(user), ...issued });
}

/**
 * Gives a user the address that a token proves. Fails with `mail_token_invalid`, with `identifier_taken`, and with
 * `forbidden` if the token is for another user than `asker`; null accepts any. Only a concurrent change of the user, or a
 * concurrent owner of the address, spends the token without a change.
 *
 * It does not end sessions.
 */
export async function confirmEmailChange(app: App, token: string, asker: UserId | null): Promise<User> {
  const mail = requireMail(app);
  const granted = await readMailToken(app, "change", token);
  const id = granted.userId ?? "";
  // Otherwise an attacker could have another person attach that person's address to the account of the attacker.
  if (asker !== null && asker !== id) {
    throw new AuthError("forbidden", "Sign in to the account whose e-mail changes.");
  }
  const email = textOf(granted, "email");
  const user = await app.users.get(id);
  const holder = await app.users.find({ email });
  const open = await readMailSlot(app, "undo", id);
  const decision = decideEmailChange({
    user,
    credentialsVersion: versionOf(granted),
    isTaken: holder !== null && holder.id !== id,
    undoable: open === null ? null : textOf(open, "email"),
  });
  if (user === null || decision.kind === "stale") throw new AuthError("mail_token_invalid");
  if (decision.kind === "taken") throw takenError(email, null);
  // Before the change: a crash after it must not leave a change that cannot be undone.
  const isUndo = decision.notice === "undo" && user.email !== null;
  const undo = isUndo ? await issueUndoToken(app, id, user.email) : null;
  await redeemMailToken(app, "change", token);
  const changed = await app.users.changeEmail(id, email, user.credentialsVersion);
  if (changed === "taken") throw takenError(email, null);
  if (changed === null) throw new AuthError("mail_token_invalid");
  app.engine.emit({ type: "user.email_changed", userId: id });
  if (decision.notice !== "none" && user.email !== null) {
    const { token, expiresAt } = undo ?? { token: null, expiresAt: open?.expiresAt ?? now(app.env) };
    const notice = { to: user.email, user: publicUser(changed), newEmail: email, token, expiresAt };
    mail({ type: "changed_notice", ...notice });
  }
  return changed;
}

/**
 * Gives a user the address back that they had before a change. It removes the password and every link, and ends all sessions,
 * because a thief may have set them. Fails with `mail_token_invalid`. Without spending the token, it fails with `identifier_taken`,
 * and with `store_unavailable` if concurrent requests change the user for a second.
 */
export async function undoEmailChange(app: App, token: string): Promise<User> {
  const granted = await readMailToken(app, "undo", token);
  const email = textOf(granted, "email");
  for await (const _ of attempts()) {
    const user = await app.users.get(granted.userId ?? "");
    const holder = await app.users.find({ email });
    const decision = decideUndo(user, email, holder !== null && holder.id !== user?.id);
    if (user === null || decision === "stale") throw new AuthError("mail_token_invalid");
    const restored = decision === "taken" ? "taken" : await restoreAddress(app, user, email);
    if (restored === "taken") {
      const advice = "Another account has the former e-mail: reset its password, delete it, and undo again.";
      throw new AuthError("identifier_taken", advice);
    }
    if (restored === null) continue;
    // Redeemed last, because the user cannot ask for another token. A repetition after a failure here changes nothing more.
    await redeemMailToken(app, "undo", token).catch(reportQuietly(app.engine.report));
    return restored;
  }
  throw new AuthError("store_unavailable");
}

/** Restores the address last, so that the token stays of use after a crash. Null if the credentials changed in between. */
async function restoreAddress(app: App, user: User, email: string): Promise<User | "taken" | null> {
  const reduced = await withoutMethods(app, user);
  if (reduced === null) return null;
  const restored = await app.users.changeEmail(user.id, email, reduced.credentialsVersion);
  if (restored === null || restored === "taken") return restored;
  await endSessionsOf(app.engine, user.id, null, "password_changed");
  app.engine.emit({ type: "user.email_changed", userId: user.id });
  // Until the address was restored, a thief could sign in by a message to theirs, and link an account.
  return (await removeLinks(app, restored, null)) ?? restored;
}

/** Removes the sign-in methods. A user without one is left unchanged, so that undos at the same time do not disturb each other. */
async function withoutMethods(app: App, user: User): Promise<User | null> {
  const hasMethod = user.passwordHash !== null || (await app.users.accounts(user.id)).length > 0;
  if (hasMethod) return removeMethods(app, user, null);
  await endSessionsOf(app.engine, user.id, null, "password_changed");
  return user;
}
