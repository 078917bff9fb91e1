import type { App } from "../accounts/app.ts";
import type { CookieChange } from "../cookies/jar.ts";
import { AuthError } from "../platform/errors.ts";
import type { User } from "../users/user.ts";
import { answerError } from "./fault.ts";
import type { Call } from "./route.ts";
import { validateCredentials } from "./validate.ts";
import type { ValidSession } from "./validation.ts";

/** A call whose session is good, and the changes of the jar that came with finding out. */
export interface SignedIn {
  readonly valid: ValidSession;
  readonly changes: readonly CookieChange[];
}

/** Validates a call and runs `then` with its session, or answers why there is none. */
export async function whenSignedIn(
  app: App,
  { request, site, credentials }: Call,
  then: (signedIn: SignedIn) => Promise<Response>,
): Promise<Response> {
  const refresh = request.method === "HEAD" ? "never" : "auto";
  // What changes other sessions asks the store: one that has ended has no power over them.
  const fresh = request.method !== "GET" && request.method !== "HEAD";
  const { validation, changes } = await validateCredentials(app, site, credentials, { refresh, fresh });
  if (!validation.ok) return validation.response();
  try {
    return await then({ valid: validation, changes });
  } catch (error) {
    // What was issued on the way goes out all the same.
    return answerError(app, error, changes);
  }
}

/** The user of a session. One that is gone or disabled is nobody. */
export async function userOf(app: App, id: string): Promise<User> {
  const user = await app.users.get(id);
  if (user === null || user.disabledAt !== null) throw new AuthError("unauthenticated");
  return user;
}
