import { decideUnlink } from "../oauth/link.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { isLive } from "../sessions/decide.ts";
import type { LinkedAccount, User } from "../users/user.ts";
import { endEverywhere } from "./accounts.ts";
import type { App } from "./app.ts";

/** Undoes the links of a user to one provider. Fails with `not_found`, and `forbidden` where it is the last way in. */
export async function unlinkProvider(app: App, requester: LinkRequester, provider: string): Promise<void> {
  const { userId } = requester;
  const links = await app.users.accounts(userId);
  const removed = links.filter((account) => account.provider === provider);
  if (removed.length === 0) throw new AuthError("not_found");
  if (!(await hasOtherMethod(app, userId, provider))) throw lastMethodError();
  for (const account of removed) await app.users.unlink(userId, account);
  // Another link may have gone at the same time: whoever finds nothing left, or cannot tell, takes their own step back.
  if (!(await hasOtherMethod(app, userId, provider).catch(() => false))) {
    for (const account of removed) await app.users.link(userId, account);
    // A first proof of the address ends the session before it lists the links: what comes back after that was removed.
    if (!(await isSignedIn(app, requester).catch(() => false))) {
      for (const account of removed) await app.users.unlink(userId, account);
    }
    throw lastMethodError();
  }
  // Whoever is signing in by the link right now does not get through any more.
  await app.users.update(userId, {}, { ifVersion: null, raiseVersion: true });
  app.engine.emit({ type: "account.unlinked", userId, provider });
}

/**
 * Removes the links of a user to one provider on behalf of the application, also where no other sign-in method is left, and
 * ends all of the user's sessions: any of them may have come by such a link. `false` where there was none.
 */
export async function unlinkByHand(app: App, userId: string, provider: string): Promise<boolean> {
  const links = await app.users.accounts(userId);
  const removed = links.filter((account) => account.provider === provider);
  if (removed.length === 0) return false;
  // Before and after: a crash half-way leaves no session of a link that is gone, and no later sign-in slips through.
  await endEverywhere(app, userId, null, "revoked");
  for (const account of removed) await removeLink(app, userId, account);
  await endEverywhere(app, userId, null, "revoked");
  return true;
}

/** Removes one link, and tells of it. */
export async function removeLink(
  app: App,
  userId: string,
  { provider, subject }: LinkedAccount,
): Promise<void> {
  await app.users.unlink(userId, { provider, subject });
  app.engine.emit({ type: "account.unlinked", userId, provider });
}

function lastMethodError(): AuthError {
  return new AuthError("forbidden", "This is the only way to sign in to the account; add another first.");
}

// Only what this server offers is a way in.
async function hasOtherMethod(app: App, userId: string, without: string): Promise<boolean> {
  const user = await app.users.get(userId);
  const links = await app.users.accounts(userId);
  const left = links.filter(({ provider }) => provider !== without && app.oauth.has(provider)).length;
  return decideUnlink({ password: user !== null && canUsePassword(app, user), links: left });
}

// A password is a way in for who has what it is asked for together with.
function canUsePassword({ password }: App, user: User): boolean {
  return password !== null && user.passwordHash !== null && user[password.identifier] !== null;
}

/** A user who asks for a change of their links, and the session that they asked in. */
export interface LinkRequester {
  readonly userId: string;
  readonly sessionId: string;
}

/** Whether the session of an asker is still live. */
export async function isSignedIn({ engine }: App, { userId, sessionId }: LinkRequester): Promise<boolean> {
  const session = await engine.store.get(sessionId, now(engine.env));
  return session !== null && session.row.userId === userId && isLive(session.row, session.now);
}
