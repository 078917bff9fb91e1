import type { LinkedAccount, User } from "./user.ts";

/** How a mailbox was proved, with the sign-in method that is kept. */
export type MailboxProof =
  /** The user received a message at the address: no earlier sign-in method is kept. */
  | { readonly by: "message" }
  /** The holder of the mailbox chose this password. */
  | { readonly by: "password"; readonly passwordHash: string }
  /** The user signed in with a provider that is the authority for the address. */
  | { readonly by: "account"; readonly account: LinkedAccount }
  /**
   * The holder of the mailbox also showed that the account is theirs: the request has a live session of the user, their
   * password, or the cookie of their sign-up.
   */
  | { readonly by: "owner" };

export type ProofDecision =
  | { readonly kind: "no_user" }
  | { readonly kind: "no_address" }
  /** The address was proved before: the sign-in methods belong to its owner. */
  | { readonly kind: "repeated" }
  /** The first proof, by the person that set up the account: the address is marked, and every sign-in method is kept. */
  | { readonly kind: "owner" }
  /** The first proof: the password becomes `passwordHash`, and every link except `stays` is removed. */
  | { readonly kind: "first"; readonly passwordHash: string | null; readonly stays: LinkedAccount | null };

/**
 * Decides what a proof of a user's mailbox changes. An attacker may have signed up with the address before its owner, and
 * may have added a password and links, so the first proof removes every earlier sign-in method, except by the person that has
 * both the mailbox and the account.
 */
export function decideProof(
  user: Pick<User, "email" | "emailVerified"> | null,
  proof: MailboxProof,
): ProofDecision {
  if (user === null) return { kind: "no_user" };
  if (user.email === null) return { kind: "no_address" };
  if (user.emailVerified) return { kind: "repeated" };
  if (proof.by === "owner") return { kind: "owner" };
  return {
    kind: "first",
    passwordHash: proof.by === "password" ? proof.passwordHash : null,
    stays: proof.by === "account" ? proof.account : null,
  };
}

/** The links that a first proof removes. */
export function linksToRemove(
  links: readonly LinkedAccount[],
  stays: LinkedAccount | null,
): readonly LinkedAccount[] {
  return links.filter(({ provider, subject }) => provider !== stays?.provider || subject !== stays.subject);
}
