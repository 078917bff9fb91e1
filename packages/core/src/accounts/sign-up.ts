import { equalStrings, type SecretHash } from "../platform/digest.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { refuse } from "../platform/option-error.ts";
import {
  hashOneTimeToken,
  isOneTimeToken,
  mintOneTimeToken,
  type SlotToken,
} from "../users/one-time-token.ts";
import type { User } from "../users/user.ts";
import { claimUnchanged, deleteUser, takenError } from "./accounts.ts";
import type { App, SignUpMode } from "./app.ts";
import { issueMailToken, readMailToken, redeemMailToken, requireMail, textOf } from "./mail-token.ts";

/** What is known of a request that would create a user. */
export interface SignUpFacts {
  readonly signUp: SignUpMode;
  /** Whether the sign-in method creates users: `signUp` of `magicLink()` and `emailCode()`, true for any other. */
  readonly byMethod: boolean;
  /** Whether the request has an invitation. It is not read yet. */
  readonly hasInvitation: boolean;
}

/** Whether a request creates a user: without a condition, only with a valid invitation, or not at all. */
export type SignUpDecision = "open" | "by_invitation" | "refuse";

/** Decides whether a request may create a user. Every route that creates one asks it. An existing user is no sign-up. */
export function decideSignUp({ signUp, byMethod, hasInvitation }: SignUpFacts): SignUpDecision {
  if (signUp === "closed" || !byMethod) return "refuse";
  if (hasInvitation) return "by_invitation";
  return signUp === "open" ? "open" : "refuse";
}

/** The error of a request that must not create a user. */
export function signUpRefused({ signUp }: Pick<SignUpFacts, "signUp">): AuthError {
  const next = signUp === "invited" ? "; ask for an invitation" : "";
  return new AuthError("forbidden", `Sign-up is closed${next}.`);
}

/** A sign-up whose address is not proved yet. There is no user of it. */
export interface PendingSignUp {
  readonly email: string;
  readonly username: string | null;
  readonly name: string | null;
  readonly passwordHash: string;
  /** The digest of the secret in the cookie of the browser that signed up. */
  readonly browser: SecretHash;
}

const PURPOSE = "sign-up";

/** The cookie of the browser of a sign-up: its secret, and the digest of that. */
export function mintBrowser({ env }: App): { readonly secret: string; readonly browser: SecretHash } {
  const secret = mintOneTimeToken(env.random);
  return { secret, browser: hashOneTimeToken(secret, PURPOSE) };
}

/** Whether a secret is the one of the cookie of a sign-up. */
export function isBrowserOf({ browser }: Pick<PendingSignUp, "browser">, secret: string): boolean {
  return isOneTimeToken(secret) && equalStrings(hashOneTimeToken(secret, PURPOSE), browser);
}

/** Stores a sign-up until its address is proved, and sends the message for that. It replaces an earlier one of the address. */
export async function sendSignUp(
  app: App,
  { email, username, name, passwordHash, browser }: PendingSignUp,
): Promise<void> {
  const post = requireMail(app);
  const data = { email, username, name, passwordHash, browser };
  const issued = await issueMailToken(app, { purpose: "verify", subject: email, userId: null, data });
  post({ type: "verify", to: email, user: null, ...issued });
}

/** Reads the sign-up in the data of a token that verifies an address. Null if the token is for a user. */
export function parseSignUp({ userId, data }: Pick<SlotToken, "userId" | "data">): PendingSignUp | null {
  const { email, username = null, name = null, passwordHash, browser } = data;
  if (userId !== null || typeof email !== "string") return null;
  if (typeof passwordHash !== "string" || typeof browser !== "string") return null;
  if (name !== null && typeof name !== "string") return null;
  if (username !== null && typeof username !== "string") return null;
  return { email, username, name, passwordHash, browser };
}

/** Fails with `identifier_taken` if a user has this username. */
export async function requireFreeUsername(app: App, username: string | null): Promise<void> {
  if (username === null || (await app.users.find({ username })) === null) return;
  throw takenError(null, username);
}

/**
 * Sends an invitation to an address. It replaces an earlier one. Fails with `identifier_taken`, and throws a `TypeError` if no
 * invitation creates a user.
 */
export async function invite(app: App, email: string): Promise<void> {
  const post = requireMail(app);
  const { signUp } = app.config;
  if (signUp === "closed") throw refuse("signUp", signUp, 'users.invite needs "invited" or "open"');
  if ((await app.users.find({ email })) !== null) throw takenError(email, null);
  const grant = { purpose: "invitation", subject: email, userId: null, data: { email } } as const;
  const issued = await issueMailToken(app, grant);
  post({ type: "invitation", to: email, user: null, ...issued });
}

/** Reads the address of an invitation, and leaves it valid. Fails with `mail_token_invalid`. */
export async function readInvitation(app: App, token: string): Promise<string> {
  return textOf(await readMailToken(app, "invitation", token), "email");
}

/**
 * Redeems an invitation once its user is signed in. Fails with `mail_token_invalid` if it was replaced or redeemed in between. A
 * store that does not answer may have redeemed it: without their user, the invited person could not sign up any more.
 */
export async function redeemInvitation(app: App, token: string): Promise<void> {
  try {
    await redeemMailToken(app, "invitation", token);
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "store_unavailable") throw error;
    app.engine.report(error);
  }
}

/**
 * Deletes the user of a sign-up that failed, and that started `own` sessions. A verified address keeps its user if another sign-in has
 * used it by now, and so does an address that its owner has proved since.
 */
export async function undoSignUp(app: App, user: User, own: number): Promise<void> {
  if (!(await claimUnchanged(app, user))) return;
  if (!user.emailVerified || !(await isUsed(app, user.id, own))) await deleteUser(app, user.id);
}

async function isUsed(app: App, id: string, own: number): Promise<boolean> {
  if ((await app.users.accounts(id)).length > 0) return true;
  return (await app.engine.store.list(id, now(app.env))).length > own;
}
