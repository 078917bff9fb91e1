import type { PasswordProvider } from "../password/provider.ts";
import { equalStrings, type SecretHash } from "../platform/digest.ts";
import { now } from "../platform/env.ts";
import {
  hashOneTimeToken,
  isOneTimeToken,
  mintOneTimeToken,
  type SlotToken,
} from "../users/one-time-token.ts";
import type { User } from "../users/user.ts";
import { claimUnchanged, deleteUser, takenError } from "./accounts.ts";
import type { App } from "./app.ts";
import { issueMailToken, readMailToken, requireMail, textOf } from "./mail-token.ts";

/** How a sign-up is served: by an invitation, not at all, after a proof of the address, or at once. */
export type SignUpDecision = "invited" | "closed" | "pending" | "now";

/** Decides how a sign-up is served. An invitation proves its address, so it is served in every mode. */
export function decideSignUp(
  { signUp, verifyEmail }: Pick<PasswordProvider, "signUp" | "verifyEmail">,
  hasInvitation: boolean,
): SignUpDecision {
  if (hasInvitation) return "invited";
  if (!signUp) return "closed";
  return verifyEmail === "required" ? "pending" : "now";
}

/** A sign-up whose address is not proved yet. There is no user of it. */
export interface PendingSignUp {
  readonly email: string;
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
  { email, name, passwordHash, browser }: PendingSignUp,
): Promise<void> {
  const post = requireMail(app);
  const data = { email, name, passwordHash, browser };
  const issued = await issueMailToken(app, { purpose: "verify", subject: email, userId: null, data });
  post({ type: "verify", to: email, user: null, ...issued });
}

/** Reads the sign-up in the data of a token that verifies an address. Null if the token is for a user. */
export function parseSignUp({ userId, data }: Pick<SlotToken, "userId" | "data">): PendingSignUp | null {
  const { email, name = null, passwordHash, browser } = data;
  if (userId !== null || typeof email !== "string") return null;
  if (typeof passwordHash !== "string" || typeof browser !== "string") return null;
  if (name !== null && typeof name !== "string") return null;
  return { email, name, passwordHash, browser };
}

/** Sends an invitation to an address. It replaces an earlier one. Fails with `identifier_taken`. */
export async function invite(app: App, email: string): Promise<void> {
  const post = requireMail(app);
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
