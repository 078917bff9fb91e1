import type { LinkFacts } from "../oauth/link.ts";
import { endSessionsOf } from "../sessions/end.ts";
import type { LinkedAccount, ProviderAccount, User } from "../users/user.ts";
import type { App } from "./app.ts";
import { removeLinks } from "./prove-mailbox.ts";

/** The facts at a sign-in with an account that is linked to the user already. */
export interface LaterProfileFacts {
  readonly user: Pick<User, "email" | "name" | "picture" | "disabledAt" | "credentialsVersion">;
  readonly told: Pick<ProviderAccount, "name" | "picture"> & Pick<LinkFacts, "email">;
  /** Whether the address has a user. */
  readonly isTaken: boolean;
  /** Whether the user has no password and no other link. */
  readonly isOnlyMethod: boolean;
}

/** What the user gets; null for a member that stays. The address counts as verified. `endsSessions`: every earlier session ends. */
export type LaterProfileDecision =
  | { readonly kind: "nothing" }
  | ({ readonly kind: "fill"; readonly endsSessions: boolean } & Pick<User, "email" | "name" | "picture">);

/**
 * Decides what a user gets of the profile that the provider tells at a later sign-in: only what the user lacks.
 *
 * An address comes only as a proof, only if no other user has it, and only if the account is the one sign-in method of the user. With
 * another method, an attacker may have prepared the user for the owner of the account, and would share what the address leads to. The
 * same holds for the sessions of a method that was removed, so they end if the credentials have ever changed.
 */
export function decideLaterProfile({
  user,
  told,
  isTaken,
  isOnlyMethod,
}: LaterProfileFacts): LaterProfileDecision {
  if (user.disabledAt !== null) return { kind: "nothing" };
  const name = user.name === null ? told.name : null;
  const picture = user.picture === null ? told.picture : null;
  // OpenID Connect Core 5.1: the word of a provider that is not the authority is no proof. Unverified, the address would be occupied.
  const proven = told.email?.verified === true && told.email.authoritative ? told.email.address : null;
  const email = user.email === null && !isTaken && isOnlyMethod ? proven : null;
  const isNothing = name === null && picture === null && email === null;
  const endsSessions = email !== null && user.credentialsVersion > 0;
  return isNothing ? { kind: "nothing" } : { kind: "fill", email, name, picture, endsSessions };
}

/**
 * Gives a user what the provider tells and the user lacks. Returns the user with the version that a sign-in checks; null if the
 * credentials changed since `read` was read.
 */
export async function takeLaterProfile(
  app: App,
  read: User,
  { provider, subject, ...told }: LinkedAccount & LaterProfileFacts["told"],
): Promise<User | null> {
  const mostThatCanCome = { user: read, told, isTaken: false, isOnlyMethod: true };
  if (decideLaterProfile(mostThatCanCome).kind === "nothing") return read;
  const { id, credentialsVersion } = read;
  const { users } = app;
  const links = await users.accounts(id);
  const isTaken = told.email !== null && (await users.find({ email: told.email.address })) !== null;
  // Read last, right before the write: a name that the user has set since the sign-in began stays.
  const user = await users.get(id);
  if (user?.credentialsVersion !== credentialsVersion) return null;
  const isOnlyMethod = user.passwordHash === null && links.length === 1;
  const decision = decideLaterProfile({ user, told, isTaken, isOnlyMethod });
  if (decision.kind === "nothing") return user;
  const { email, name, picture, endsSessions } = decision;
  const change = { ...(name === null ? {} : { name }), ...(picture === null ? {} : { picture }) };
  const options = { ifVersion: credentialsVersion, raiseVersion: false };
  const named = Object.keys(change).length === 0 ? user : await users.update(id, change, options);
  if (named === null || email === null) return named;
  // Before and after, so that none of them has the address after a crash in between.
  if (endsSessions) await endSessionsOf(app.engine, id, null, "password_changed");
  const changed = await users.changeEmail(id, email, credentialsVersion, true);
  if (changed === "taken") return named;
  if (changed === null) return null;
  app.engine.emit({ type: "user.email_changed", userId: id });
  if (endsSessions) await endSessionsOf(app.engine, id, null, "password_changed");
  // A link that was added since they were read is a way to the address as well.
  return removeLinks(app, changed, { provider, subject });
}
