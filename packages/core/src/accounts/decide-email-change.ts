import type { User } from "../users/user.ts";

/** Whether a user may ask for an address. The answer of the route does not depend on `taken`. */
export type ChangeRequest = "unchanged" | "taken" | "free";

/** Decides a request for another address. `holder` is the user that has the address. */
export function decideChangeRequest(
  user: Pick<User, "email">,
  email: string,
  holder: Pick<User, "id"> | null,
): ChangeRequest {
  if (user.email === email) return "unchanged";
  return holder === null ? "free" : "taken";
}

/** What is known when a change of address is confirmed. */
export interface ConfirmFacts {
  /** The user of the token; null if the user was deleted. */
  readonly user: Pick<User, "email" | "emailVerified" | "credentialsVersion" | "disabledAt"> | null;
  /** The version of the credentials that the token is bound to. */
  readonly credentialsVersion: number;
  /** Whether another user has the new address. */
  readonly isTaken: boolean;
  /** The address that the open undo token of the user restores; null without one. */
  readonly undoable: string | null;
}

/** What a confirmation does, and what the former address gets: a notice with an undo token, a plain notice, or nothing. */
export type ConfirmDecision =
  | { readonly kind: "stale" }
  | { readonly kind: "taken" }
  | { readonly kind: "change"; readonly notice: "undo" | "plain" | "none" };

/**
 * Decides the confirmation of a change. An open undo token for another address than the current one stays: only the mailbox
 * before the first change of the last 7 days can undo, so an address that a thief chose cannot.
 */
export function decideEmailChange(facts: ConfirmFacts): ConfirmDecision {
  const { user, credentialsVersion, isTaken, undoable } = facts;
  if (user === null || user.disabledAt !== null || user.credentialsVersion !== credentialsVersion)
    return { kind: "stale" };
  if (isTaken) return { kind: "taken" };
  // An unproved mailbox may belong to another person, which must not get a token of this account.
  if (user.email === null || !user.emailVerified) return { kind: "change", notice: "none" };
  const isOpenForAnother = undoable !== null && undoable !== user.email;
  return { kind: "change", notice: isOpenForAnother ? "plain" : "undo" };
}

/** What an undo token does. */
export type UndoDecision = "stale" | "taken" | "restore";

/**
 * Decides an undo of a change to the address `email`.
 *
 * It does not compare the version of the credentials: a thief could raise it, such as by a new password, and void the token.
 */
export function decideUndo(user: Pick<User, "email"> | null, email: string, isTaken: boolean): UndoDecision {
  // The address is the former one already: the change failed, or was undone. So the token must do nothing.
  if (user === null || user.email === email) return "stale";
  return isTaken ? "taken" : "restore";
}

/** What a change of an address by hand does. `same_address`: it asks for another proof of the address that the user has. */
export type AddressUpdate = "unchanged" | "same_address" | "change";

/** Decides a change of an address by hand. `verified` is undefined if the caller did not say; a new address is then not proved. */
export function decideAddressUpdate(
  user: Pick<User, "email" | "emailVerified">,
  email: string,
  verified: boolean | undefined,
): AddressUpdate {
  if (user.email !== email) return "change";
  return verified === undefined || verified === user.emailVerified ? "unchanged" : "same_address";
}
