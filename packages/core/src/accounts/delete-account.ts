import { reportQuietly } from "../platform/errors.ts";
import type { User } from "../users/user.ts";
import { deleteUser } from "./accounts.ts";
import type { App } from "./app.ts";
import { dropMailToken, type MailPurpose } from "./mail-token.ts";

/** The purposes whose tokens are for an address; those of the others are for a user. */
const OF_ADDRESS: readonly MailPurpose[] = ["verify", "reset", "link", "code"];
const OF_USER: readonly MailPurpose[] = ["change", "undo"];

/**
 * Deletes a user with their sessions, their links and the tokens of their messages. Returns `false` for an unknown user.
 *
 * The tokens are deleted last. They are void without the user, so that a failure there only leaves digests until they expire.
 */
export async function deleteAccount(app: App, id: string): Promise<boolean> {
  if (app.mail === null) return deleteUser(app, id);
  const user = await app.users.get(id);
  const isDeleted = await deleteUser(app, id);
  if (user !== null) await dropTokens(app, user).catch(reportQuietly(app.engine.report));
  return isDeleted;
}

async function dropTokens(app: App, { id, email }: User): Promise<void> {
  for (const purpose of OF_USER) await dropMailToken(app, { purpose, subject: id, userId: id });
  if (email === null) return;
  for (const purpose of OF_ADDRESS) await dropMailToken(app, { purpose, subject: email, userId: id });
}
