import type { User, UserId } from "../users/user.ts";

/** What is known when a link or a code to sign in is redeemed. */
export interface MailSignInFacts {
  /** The user that the message was sent to; null if the address had none. */
  readonly userId: UserId | null;
  /** The version of that user's credentials; 0 if the address had none, because a new account has it. */
  readonly credentialsVersion: number;
  /** The user that has the address now. */
  readonly user: Pick<User, "id" | "emailVerified" | "credentialsVersion" | "disabledAt"> | null;
  /** Whether an unknown address gets a message and creates an account. */
  readonly signUp: boolean;
}

/** What a redeemed link or code does. `prove` is the first proof of the address of a user. */
export type MailSignInDecision = "refuse" | "create" | "prove" | "sign_in";

/** Decides a sign-in by a message. A sign-in at a proved address removes no other sign-in method. */
export function decideMailSignIn({
  userId,
  credentialsVersion,
  user,
  signUp,
}: MailSignInFacts): MailSignInDecision {
  // Without sign-up, no message was sent to an unknown address, so a right secret can only be guessed.
  if (userId === null && !signUp) return "refuse";
  if (user === null) return userId === null ? "create" : "refuse";
  if (user.disabledAt !== null || (userId !== null && user.id !== userId)) return "refuse";
  if (user.credentialsVersion !== credentialsVersion) return "refuse";
  return user.emailVerified ? "sign_in" : "prove";
}
