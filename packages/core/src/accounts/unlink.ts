import { decideUnlink } from "../oauth/link.ts";
import { now } from "../platform/env.ts";
import { AuthError, reportQuietly } from "../platform/errors.ts";
import { isLive } from "../sessions/decide.ts";
import { signInKey } from "../users/identifier.ts";
import type { LinkedAccount, User } from "../users/user.ts";
import type { App } from "./app.ts";
import { endEverywhere } from "./credentials.ts";

/** Removes a user's links to one provider. Fails with `not_found`, and with `forbidden` for the last sign-in method. */
export async function unlinkProvider(app: App, requester: LinkRequester, provider: string): Promise<void> {
  const { userId } = requester;
  const links = await app.users.accounts(userId);
  const removed = links.filter((account) => account.provider === provider);
  if (removed.length === 0) throw new AuthError("not_found");
  if (!(await hasOtherMethod(app, userId, provider))) throw lastMethodError();
  for (const account of removed) await app.users.unlink(userId, account);
  // A concurrent request may have removed another link. If no method is left, or the check fails, restore the links.
  const reported = reportQuietly(app.engine.report);
  if (!(await hasOtherMethod(app, userId, provider).catch(reported))) {
    for (const account of removed) await app.users.link(userId, account);
    // A first proof of the address ends this session, then lists the links to remove. Do not restore a link after that.
    if (!(await isSignedIn(app, requester).catch(reported))) {
      for (const account of removed) await app.users.unlink(userId, account);
    }
    throw lastMethodError();
  }
  // The new version makes every sign-in in progress fail, such as one by the removed link.
  await app.users.update(userId, {}, { ifVersion: null, raiseVersion: true });
  app.engine.emit({ type: "account.unlinked", userId, provider });
}

/**
 * Removes a user's links to one provider for the application, even if no other sign-in method is left. It ends all sessions
 * of the user, because any of them may come from such a link. Returns `false` if there was no link.
 */
export async function unlinkByHand(app: App, userId: string, provider: string): Promise<boolean> {
  const links = await app.users.accounts(userId);
  const removed = links.filter((account) => account.provider === provider);
  if (removed.length === 0) return false;
  // Before and after: no session of a removed link survives a crash in between or a concurrent sign-in.
  await endEverywhere(app, userId, null, "revoked");
  for (const account of removed) await removeLink(app, userId, account);
  await endEverywhere(app, userId, null, "revoked");
  return true;
}

/** Removes one link and emits `account.unlinked`. */
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

// A provider that this server no longer offers is not a sign-in method.
async function hasOtherMethod(app: App, userId: string, without: string): Promise<boolean> {
  const user = await app.users.get(userId);
  const links = await app.users.accounts(userId);
  const left = links.filter(({ provider }) => provider !== without && app.oauth.has(provider)).length;
  return decideUnlink({ password: user !== null && canUsePassword(app, user), links: left });
}

// A password counts as a sign-in method only if the user also has the identifier it is paired with.
function canUsePassword({ password }: App, user: User): boolean {
  return password !== null && user.passwordHash !== null && signInKey(password, user) !== null;
}

/** A user that requests a change of their links, and the session of the request. */
export interface LinkRequester {
  readonly userId: string;
  readonly sessionId: string;
}

/** Whether the session of a requester is still live. */
export async function isSignedIn({ engine }: App, { userId, sessionId }: LinkRequester): Promise<boolean> {
  const session = await engine.store.get(sessionId, now(engine.env));
  return session !== null && session.row.userId === userId && isLive(session.row, session.now);
}
