import type { App } from "../accounts/app.ts";
import { AuthError } from "../platform/errors.ts";
import type { User } from "../users/user.ts";

/** Reads the user of a session. Fails with `unauthenticated` if the user is deleted or disabled. */
export async function requireUser(app: App, id: string): Promise<User> {
  const user = await findEnabledUser(app, id);
  if (user === null) throw new AuthError("unauthenticated");
  return user;
}

/** Reads the user of a session. Null if the user is deleted or disabled. */
export async function findEnabledUser(app: App, id: string): Promise<User | null> {
  const user = await app.users.get(id);
  return user === null || user.disabledAt !== null ? null : user;
}
