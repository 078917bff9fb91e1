import type { PasswordProvider } from "../password/provider.ts";
import { AuthError, reportQuietly } from "../platform/errors.ts";
import { endSessionsOf } from "../sessions/end.ts";
import type { EndReason } from "../sessions/session.ts";
import type { User } from "../users/user.ts";
import type { App } from "./app.ts";

/** Returns the user if the password is right, else null. An unknown user, null, costs the same work as a known one. */
export async function checkCredentials(app: App, user: User | null, password: string): Promise<User | null> {
  const provider = requirePassword(app);
  const stored = user === null || user.disabledAt !== null ? null : user.passwordHash;
  const { ok, rehash } = await provider.verify(password, stored).catch(tellBusy(app));
  if (ok !== true || user === null) {
    app.engine.emit({ type: "sign_in.failed", userId: user?.id ?? null, code: "invalid_credentials" });
    return null;
  }
  if (rehash) await upgradeHash(app, user, password);
  return user;
}

/** Whether a password is the one of a stored hash. */
export async function isPasswordOf(app: App, password: string, stored: string | null): Promise<boolean> {
  const { ok } = await requirePassword(app).verify(password, stored).catch(tellBusy(app));
  return ok === true;
}

// The compare-and-set keeps a password that changed since the check. A failing store or a full queue does not fail the
// sign-in, because the next sign-in tries again.
async function upgradeHash(app: App, user: User, password: string): Promise<void> {
  const passwordHash = await hashPassword(app, password).catch(ignoreBusy);
  if (passwordHash === null) return;
  const options = { ifVersion: user.credentialsVersion, raiseVersion: false };
  const updated = await app.users
    .update(user.id, { passwordHash }, options)
    .catch(reportQuietly(app.engine.report));
  if (updated !== null) app.engine.emit({ type: "user.password_rehashed", userId: user.id });
}

/** Hashes a password that was checked. Fails with `rate_limited` if too many are being hashed. */
export function hashPassword(app: App, password: string): Promise<string> {
  return requirePassword(app).hash(password, app.env.random).catch(tellBusy(app));
}

/** Makes the handler of a failed hash. It emits an event if the queue of the hasher is full. */
function tellBusy({ engine }: App): (error: unknown) => never {
  return (error) => {
    if (isBusy(error)) engine.emit({ type: "throttle.refused", rule: "hashing" });
    throw error;
  };
}

function ignoreBusy(error: unknown): null {
  if (isBusy(error)) return null;
  throw error;
}

function isBusy(error: unknown): boolean {
  return error instanceof AuthError && error.code === "rate_limited";
}

/** The provider of passwords. Throws a `TypeError` without one. */
export function requirePassword(app: App): PasswordProvider {
  if (app.password === null) throw new TypeError("providers has no password(): add it to use passwords");
  return app.password;
}

/** Ends the sessions of a user except `except`, and makes every sign-in in progress fail. */
export async function endEverywhere(
  app: App,
  id: string,
  except: string | null,
  reason: EndReason,
): Promise<number> {
  await app.users.update(id, {}, { ifVersion: null, raiseVersion: true });
  return (await endSessionsOf(app.engine, id, except, reason)).length;
}
