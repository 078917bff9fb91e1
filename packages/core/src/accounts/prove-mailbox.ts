import { AuthError } from "../platform/errors.ts";
import { endSessionsOf } from "../sessions/end.ts";
import { decideProof, linksToRemove, type MailboxProof, type ProofDecision } from "../users/first-proof.ts";
import type { User } from "../users/user.ts";
import { changeCredentials, hashPasswordOf } from "./accounts.ts";
import type { App } from "./app.ts";
import { removeLink } from "./unlink.ts";

const ATTEMPTS = 4;

/** Marks a user's address as proved; a first proof removes every sign-in method from before it. `false` where there is no such user. */
export async function confirmEmail(app: App, id: string): Promise<boolean> {
  return (await proveMailbox(app, id, { by: "message" })) !== null;
}

/** Sets a password that the holder of the user's mailbox chose, and ends all sessions. `false` where there is no such user. */
export async function setProvenPassword(app: App, id: string, password: string): Promise<boolean> {
  const user = await app.users.get(id);
  if (user === null) return false;
  const passwordHash = await hashPasswordOf(app, user, password);
  const proved = await proveMailbox(app, id, { by: "password", passwordHash });
  if (proved?.kind !== "repeated") return proved !== null;
  return (await changeCredentials(app, id, { passwordHash }, "password_changed")) !== null;
}

/** A user whose mailbox is proved, and whether it was for the first time. */
export interface ProvedUser {
  readonly kind: "first" | "repeated";
  readonly user: User;
}

/** Carries out a proof of a user's mailbox. Null where there is no such user. Fails with `invalid_request` without an address. */
export async function proveMailbox(app: App, id: string, proof: MailboxProof): Promise<ProvedUser | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const user = await app.users.get(id);
    const decision = decideProof(user, proof);
    if (user === null || decision.kind === "no_user") return null;
    if (decision.kind === "no_address") {
      throw new AuthError("invalid_request", "The user has no email address that could be proved.");
    }
    if (decision.kind === "repeated") return { kind: "repeated", user };
    const proved = await proveFirst(app, user, decision);
    if (proved !== null) return { kind: "first", user: proved };
  }
  throw new AuthError("store_unavailable");
}

/**
 * Removes what could sign in, and marks the address last: a crash at any point leaves no method from before the proof with a
 * verified address. Null where the user's credentials changed in between, such as by another proof: then all is decided again.
 */
async function proveFirst(
  app: App,
  { id, passwordHash, credentialsVersion }: User,
  decision: Extract<ProofDecision, { kind: "first" }>,
): Promise<User | null> {
  const { users, engine } = app;
  await endSessionsOf(engine, id, null, "password_changed");
  const change = { passwordHash: decision.passwordHash };
  let changed = await users.update(id, change, { ifVersion: credentialsVersion, raiseVersion: true });
  if (changed === null) return null;
  if (passwordHash !== null || change.passwordHash !== null) {
    engine.emit({ type: "user.password_changed", userId: id });
  }
  await endSessionsOf(engine, id, null, "password_changed");
  while (await removeLinks(app, id, decision)) {
    // A sign-in by a link that has gone is refused by the version, or is among the sessions that end.
    changed = await users.update(id, {}, { ifVersion: changed.credentialsVersion, raiseVersion: true });
    if (changed === null) return null;
    await endSessionsOf(engine, id, null, "password_changed");
  }
  const options = { ifVersion: changed.credentialsVersion, raiseVersion: false };
  return users.update(id, { emailVerified: true }, options);
}

/** Removes the links that a first proof does not leave; `false` where there was none. */
async function removeLinks(
  app: App,
  id: string,
  { stays }: Extract<ProofDecision, { kind: "first" }>,
): Promise<boolean> {
  const removed = linksToRemove(await app.users.accounts(id), stays);
  for (const account of removed) await removeLink(app, id, account);
  return removed.length > 0;
}
