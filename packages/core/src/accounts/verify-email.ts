import { AuthError } from "../platform/errors.ts";
import type { SlotToken } from "../users/one-time-token.ts";
import { publicUser, type User } from "../users/user.ts";
import { insertUser } from "./accounts.ts";
import type { App } from "./app.ts";
import { isPasswordOf } from "./credentials.ts";
import {
  issueMailToken,
  type MailGrant,
  readMailSlot,
  readMailToken,
  redeemMailToken,
  requireMail,
} from "./mail-token.ts";
import { proveMailbox } from "./prove-mailbox.ts";
import { decideSignUp, type PendingSignUp, parseSignUp, requireFreeUsername, sendSignUp } from "./sign-up.ts";

/** A user whose address is to be proved. */
interface UnprovenUser {
  readonly userId: string;
  readonly email: string;
  readonly credentialsVersion: number;
}

/** What a token that verifies an address is for. */
export type Verifiable =
  | { readonly kind: "sign_up"; readonly signUp: PendingSignUp }
  | { readonly kind: "user"; readonly unproven: UnprovenUser };

/** The addressee of a message that verifies an address, or `none`. */
export type VerificationMail = "user" | "sign_up" | "none";

/** Decides whether a request for a message that verifies an address sends one. */
export function decideVerificationMail(
  user: Pick<User, "emailVerified" | "disabledAt"> | null,
  isPending: boolean,
): VerificationMail {
  if (user === null) return isPending ? "sign_up" : "none";
  return user.emailVerified || user.disabledAt !== null ? "none" : "user";
}

/**
 * Sends a message that verifies an address, if a user or a sign-up waits for it. Every address costs the same calls to the store.
 */
export async function requestVerification(app: App, email: string, user: User | null): Promise<void> {
  requireMail(app);
  const stored = await readMailSlot(app, "verify", email);
  const pending = stored === null ? null : readSignUp(app, stored);
  const receiver = decideVerificationMail(user, pending !== null);
  if (receiver === "user" && user !== null) return sendVerification(app, email, user);
  if (receiver === "sign_up" && pending !== null) return sendSignUp(app, pending);
  await issueMailToken(app, decoyFor(email));
}

/** Reads the sign-up of a token. Null if it is for a user, and if sign-up was closed since: then only an invitation creates a user. */
function readSignUp(app: App, token: Pick<SlotToken, "userId" | "data">): PendingSignUp | null {
  const { signUp } = app.config;
  const decision = decideSignUp({ signUp, byMethod: app.password !== null, hasInvitation: false });
  return decision === "open" ? parseSignUp(token) : null;
}

// No address has a space, so a decoy replaces no token that was sent.
function decoyFor(email: string): MailGrant {
  return { purpose: "verify", subject: `decoy ${email}`, userId: null, data: { email } };
}

/** Sends a user a message that verifies their address. It replaces the earlier one. */
export async function sendVerification(app: App, email: string, user: User): Promise<void> {
  const post = requireMail(app);
  const { id: userId, credentialsVersion } = user;
  const data = { email, credentialsVersion };
  const issued = await issueMailToken(app, { purpose: "verify", subject: email, userId, data });
  post({ type: "verify", to: email, user: publicUser(user), ...issued });
}

function readVerifiable(app: App, token: Pick<SlotToken, "userId" | "data">): Verifiable | null {
  const signUp = readSignUp(app, token);
  if (signUp !== null) return { kind: "sign_up", signUp };
  const { email, credentialsVersion } = token.data;
  const { userId } = token;
  if (userId === null || typeof email !== "string" || typeof credentialsVersion !== "number") return null;
  return { kind: "user", unproven: { userId, email, credentialsVersion } };
}

/** What a valid token does: it creates the user of a sign-up, or proves the address of a user. */
export type Verification =
  | { readonly kind: "create"; readonly signUp: PendingSignUp }
  | { readonly kind: "prove"; readonly user: User };

/**
 * Decides what a token may do. `user` is the one with the address of a sign-up, or the one that the token names. Null if the
 * address has an account by now, or if the credentials or the address of the user changed.
 */
export function decideVerification(found: Verifiable, user: User | null): Verification | null {
  if (found.kind === "sign_up") return user === null ? { kind: "create", signUp: found.signUp } : null;
  if (user === null || user.disabledAt !== null) return null;
  const { email, credentialsVersion } = found.unproven;
  const isUnchanged = user.email === email && user.credentialsVersion === credentialsVersion;
  return isUnchanged ? { kind: "prove", user } : null;
}

/** Reads what a token does, and leaves it valid. Fails with `mail_token_invalid`. */
export async function readVerification(app: App, token: string): Promise<Verification> {
  const found = readVerifiable(app, await readMailToken(app, "verify", token));
  if (found === null) throw new AuthError("mail_token_invalid");
  const user =
    found.kind === "user"
      ? await app.users.get(found.unproven.userId)
      : await app.users.find({ email: found.signUp.email });
  const verification = decideVerification(found, user);
  if (verification === null) throw new AuthError("mail_token_invalid");
  return verification;
}

/** The hash that shows whether a password belongs to a verification; null if there is none. */
function hashOfVerification(verification: Verification): string | null {
  return verification.kind === "create" ? verification.signUp.passwordHash : verification.user.passwordHash;
}

/** Whether the account keeps its password; `none` if it had none. */
export type PasswordOutcome = "kept" | "removed" | "none";

export interface Verified {
  readonly user: User;
  readonly password: PasswordOutcome;
}

/**
 * Redeems a token and proves the address. `isOwner` tells that the holder of the mailbox is the person that set the password;
 * otherwise the password is removed with all links and sessions. Fails with `mail_token_invalid`, and with `identifier_taken` if
 * another user has the username of the sign-up by now.
 */
export async function verifyEmail(
  app: App,
  token: string,
  verification: Verification,
  isOwner: boolean,
): Promise<Verified> {
  // Before the token is spent. The person signs up again, with another username.
  if (verification.kind === "create" && isOwner) await requireFreeUsername(app, verification.signUp.username);
  await redeemMailToken(app, "verify", token);
  const user =
    verification.kind === "create"
      ? await createVerified(app, verification.signUp, isOwner)
      : await proveAddress(app, verification.user, isOwner);
  // A concurrent request took the address, or changed the credentials.
  if (user === null) throw new AuthError("mail_token_invalid");
  return { user, password: outcomeOf(hashOfVerification(verification), user.passwordHash) };
}

/**
 * Redeems a token by hand. With the password that was chosen at the sign-up everything is kept. A wrong one leaves the token valid.
 * Fails with `mail_token_invalid` and `invalid_credentials`.
 */
export async function verifyByHand(app: App, token: string, password: string | undefined): Promise<User> {
  const verification = await readVerification(app, token);
  const isOwner =
    password !== undefined && (await isPasswordOf(app, password, hashOfVerification(verification)));
  if (password !== undefined && !isOwner) throw new AuthError("invalid_credentials");
  return (await verifyEmail(app, token, verification, isOwner)).user;
}

function createVerified(
  app: App,
  { email, username, name, passwordHash }: PendingSignUp,
  isOwner: boolean,
): Promise<User | null> {
  // Another person may have signed up with the address, so the owner gets nothing that they wrote.
  const chosen = isOwner
    ? { username, name, passwordHash }
    : { username: null, name: null, passwordHash: null };
  return insertUser(app, { email, picture: null, emailVerified: true, ...chosen });
}

async function proveAddress(
  app: App,
  { id, credentialsVersion }: User,
  isOwner: boolean,
): Promise<User | null> {
  const proof = { by: isOwner ? "owner" : "message" } as const;
  return (await proveMailbox(app, id, proof, credentialsVersion))?.user ?? null;
}

function outcomeOf(before: string | null, after: string | null): PasswordOutcome {
  if (after !== null) return "kept";
  return before === null ? "none" : "removed";
}
