import { attempts } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { endSessionsOf } from "../sessions/end.ts";
import { decideProof, linksToRemove, type MailboxProof, type ProofDecision } from "../users/first-proof.ts";
import type { LinkedAccount, User } from "../users/user.ts";
import { changeCredentials, hashPasswordOf } from "./accounts.ts";
import type { App } from "./app.ts";
import { removeLink } from "./unlink.ts";

/** Sets a password that the holder of the user's mailbox chose, and ends all sessions. Returns `false` for an unknown user. */
export async function setProvenPassword(app: App, id: string, password: string): Promise<boolean> {
  const user = await app.users.get(id);
  if (user === null) return false;
  const passwordHash = await hashPasswordOf(app, user, password);
  return (await replacePassword(app, id, { passwordHash, ifVersion: null })) !== null;
}

/**
 * Replaces the password of a user who proved the mailbox, and ends all sessions. Null for an unknown user, and if `ifVersion` is
 * given and the credentials have changed.
 */
export async function replacePassword(
  app: App,
  id: string,
  { passwordHash, ifVersion }: { readonly passwordHash: string; readonly ifVersion: number | null },
): Promise<User | null> {
  const proved = await proveMailbox(app, id, { by: "password", passwordHash }, ifVersion);
  if (proved?.kind !== "repeated") return proved?.user ?? null;
  return changeCredentials(app, id, { passwordHash }, { reason: "password_changed", ifVersion });
}

/** A user whose mailbox is proved, and whether this was the first proof. */
export interface ProvedUser {
  readonly kind: "first" | "repeated";
  readonly user: User;
}

/**
 * Applies a proof of a user's mailbox. Returns null for an unknown user, and if `ifVersion` is given and the credentials have
 * changed. Fails with `invalid_request` without an address, and with `store_unavailable` if the credentials change for a second.
 */
export async function proveMailbox(
  app: App,
  id: string,
  proof: MailboxProof,
  ifVersion: number | null = null,
): Promise<ProvedUser | null> {
  for await (const _ of attempts()) {
    const user = await app.users.get(id);
    if (ifVersion !== null && user?.credentialsVersion !== ifVersion) return null;
    const decision = decideProof(user, proof);
    if (user === null || decision.kind === "no_user") return null;
    if (decision.kind === "no_address") {
      throw new AuthError("invalid_request", "The user has no e-mail address that could be proved.");
    }
    if (decision.kind === "repeated") return { kind: "repeated", user };
    const proved =
      decision.kind === "owner" ? await markProved(app, user) : await proveFirst(app, user, decision);
    if (proved !== null) return { kind: "first", user: proved };
  }
  throw new AuthError("store_unavailable");
}

// Null if the credentials changed in between. Then the decision is repeated.
function markProved(app: App, { id, credentialsVersion }: User): Promise<User | null> {
  const options = { ifVersion: credentialsVersion, raiseVersion: false };
  return app.users.update(id, { emailVerified: true }, options);
}

/**
 * Removes the earlier sign-in methods, then marks the address. A crash at any point leaves no earlier method together with a
 * verified address. Returns null if the credentials changed in between, such as by another proof. Then the decision is repeated.
 */
async function proveFirst(
  app: App,
  user: User,
  { passwordHash, stays }: Extract<ProofDecision, { kind: "first" }>,
): Promise<User | null> {
  const reduced = await removeMethods(app, user, stays);
  if (reduced === null) return null;
  // The new password comes last, so that it never stands beside an earlier sign-in method.
  const options = { ifVersion: reduced.credentialsVersion, raiseVersion: false };
  const proved = await app.users.update(user.id, { emailVerified: true, passwordHash }, options);
  if (proved !== null && user.passwordHash === null && passwordHash !== null) {
    app.engine.emit({ type: "user.password_changed", userId: user.id });
  }
  return proved;
}

/**
 * Removes the password of a user and every link except `stays`, and ends all sessions. Returns null if the credentials changed in
 * between, such as by another proof.
 */
export async function removeMethods(
  app: App,
  { id, passwordHash, credentialsVersion }: User,
  stays: LinkedAccount | null,
): Promise<User | null> {
  const { users, engine } = app;
  await endSessionsOf(engine, id, null, "password_changed");
  const options = { ifVersion: credentialsVersion, raiseVersion: true };
  const changed = await users.update(id, { passwordHash: null }, options);
  if (changed === null) return null;
  if (passwordHash !== null) engine.emit({ type: "user.password_changed", userId: id });
  await endSessionsOf(engine, id, null, "password_changed");
  return removeLinks(app, changed, stays);
}

/**
 * Removes every link of a user except `stays`, and ends all sessions if there was one. Returns null if the credentials changed in
 * between.
 */
export async function removeLinks(app: App, user: User, stays: LinkedAccount | null): Promise<User | null> {
  let changed = user;
  for (;;) {
    const removed = linksToRemove(await app.users.accounts(user.id), stays);
    if (removed.length === 0) return changed;
    for (const account of removed) await removeLink(app, user.id, account);
    // A sign-in by a removed link either fails by the version or ends with these sessions.
    const options = { ifVersion: changed.credentialsVersion, raiseVersion: true };
    const raised = await app.users.update(user.id, {}, options);
    if (raised === null) return null;
    await endSessionsOf(app.engine, user.id, null, "password_changed");
    changed = raised;
  }
}
