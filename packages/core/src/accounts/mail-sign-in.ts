import { attempts } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import type { SlotToken } from "../users/one-time-token.ts";
import { publicUser, type User } from "../users/user.ts";
import { insertUser } from "./accounts.ts";
import type { App } from "./app.ts";
import { decideMailSignIn, type MailSignInDecision } from "./decide-mail-sign-in.ts";
import {
  issueMailCode,
  issueMailToken,
  type MailGrant,
  readMailToken,
  redeemMailCode,
  redeemMailToken,
  requireMail,
  textOf,
  versionOf,
} from "./mail-token.ts";
import { proveMailbox } from "./prove-mailbox.ts";
import { decideSignUp } from "./sign-up.ts";

/** An address that asks for a message to sign in, and its user. */
export interface MailAddress {
  readonly email: string;
  readonly user: User | null;
  /** The device of the browser that asks, if the user has signed in with it before. */
  readonly device: string | null;
}

type Method = "magicLink" | "emailCode";

/** Mails a link to sign in. An address without a user, and one with a disabled user, cost the same calls to the store. */
export async function sendLink(app: App, address: MailAddress): Promise<void> {
  const { grant, known, isSent } = planMessage(app, "magicLink", address);
  const mail = requireMail(app);
  const issued = await issueMailToken(app, { purpose: "link", ...grant });
  if (isSent) mail({ type: "magic_link", to: address.email, user: known && publicUser(known), ...issued });
}

/** Mails a code to sign in. An address without a user, and one with a disabled user, cost the same calls to the store. */
export async function sendCode(app: App, address: MailAddress): Promise<void> {
  const { grant, known, isSent } = planMessage(app, "emailCode", address);
  const mail = requireMail(app);
  const [subject] = codeSubjects(address);
  const issued = await issueMailCode(app, { ...grant, subject });
  if (isSent) mail({ type: "code", to: address.email, user: known && publicUser(known), ...issued });
}

/**
 * The subjects of the codes that a browser may redeem; that of a code that it asks for comes first. A device of the user has one of
 * its own, so no other client can use up the tries of its code, or replace it. No address has a space.
 */
function codeSubjects({
  email,
  device,
}: Pick<MailAddress, "email" | "device">): readonly [string, ...string[]] {
  return device === null ? [email] : [`${email} ${device}`, email];
}

interface MessagePlan {
  readonly grant: Omit<MailGrant, "purpose">;
  /** The user of the message; null if the address has none that may sign in. */
  readonly known: User | null;
  readonly isSent: boolean;
}

function planMessage(app: App, method: Method, { email, user }: MailAddress): MessagePlan {
  const signUp = signUpOf(app, method);
  const known = user !== null && user.disabledAt === null ? user : null;
  const data = { email, credentialsVersion: known?.credentialsVersion ?? 0 };
  const grant = { subject: email, userId: known?.id ?? null, data };
  return { grant, known, isSent: known !== null || (user === null && signUp) };
}

/** Whether an unknown address may sign up by a method. Fails with `not_found` without its provider. */
function signUpOf(app: App, method: Method): boolean {
  const provider = app[method];
  if (provider === null) throw new AuthError("not_found", `providers has no ${method}(): add it`);
  const { signUp } = app.config;
  return decideSignUp({ signUp, byMethod: provider.signUp, hasInvitation: false }) === "open";
}

/** A user that a message signs in, and whether it created them. */
export interface AdmittedUser {
  readonly user: User;
  readonly isCreated: boolean;
}

/** Tells whether the client already has a live session of a user. */
export type OwnerCheck = (user: User) => Promise<boolean>;

/** Redeems a link to sign in. Fails with `mail_token_invalid`. A refusal does not spend the token. */
export async function redeemLink(app: App, token: string, isOwner: OwnerCheck): Promise<AdmittedUser> {
  const signUp = signUpOf(app, "magicLink");
  const granted = await readMailToken(app, "link", token);
  const plan = await planSignIn(app, granted, signUp);
  await redeemMailToken(app, "link", token);
  return admit(app, { granted, signUp, isOwner }, plan);
}

/** Redeems a code of an address, in normal form, to sign in. Fails with `mail_token_invalid`. */
export async function redeemCode(
  app: App,
  { code, ...address }: Pick<MailAddress, "email" | "device"> & { readonly code: string },
  isOwner: OwnerCheck,
): Promise<AdmittedUser> {
  const signUp = signUpOf(app, "emailCode");
  const digits = parseCode(code);
  if (digits === null) throw new AuthError("mail_token_invalid");
  const granted = await redeemMailCode(app, codeSubjects(address), digits);
  return admit(app, { granted, signUp, isOwner }, await planSignIn(app, granted, signUp));
}

/** Parses a code as it is typed: full-width digits, spaces and hyphens are allowed. Null if it is no code; then no try is taken. */
export function parseCode(input: string): string | null {
  const digits = input.normalize("NFKC").replace(/[\s-]/g, "");
  return /^[0-9]{6}$/.test(digits) ? digits : null;
}

interface SignInPlan {
  readonly decision: Exclude<MailSignInDecision, "refuse">;
  readonly user: User | null;
}

async function planSignIn(app: App, granted: SlotToken, signUp: boolean): Promise<SignInPlan> {
  const user = await app.users.find({ email: textOf(granted, "email") });
  const credentialsVersion = versionOf(granted);
  const decision = decideMailSignIn({ userId: granted.userId, credentialsVersion, user, signUp });
  if (decision === "refuse") throw new AuthError("mail_token_invalid");
  return { decision, user };
}

interface Redeemed {
  readonly granted: SlotToken;
  readonly signUp: boolean;
  readonly isOwner: OwnerCheck;
}

/**
 * Applies a plan. If a concurrent request changed or created the user, it decides again, up to a second. Then it fails with
 * `store_unavailable`, such as after a crash while the user was created. The link or the code is spent by then.
 */
async function admit(app: App, redeemed: Redeemed, first: SignInPlan): Promise<AdmittedUser> {
  let plan = first;
  for await (const _ of attempts()) {
    const user = await applyPlan(app, redeemed, plan);
    if (user !== null) return { user, isCreated: plan.decision === "create" };
    plan = await planSignIn(app, redeemed.granted, redeemed.signUp);
  }
  throw new AuthError("store_unavailable");
}

async function applyPlan(
  app: App,
  { granted, isOwner }: Redeemed,
  { decision, user }: SignInPlan,
): Promise<User | null> {
  if (user === null) {
    const email = textOf(granted, "email");
    const row = { email, username: null, name: null, picture: null, emailVerified: true, passwordHash: null };
    return insertUser(app, row);
  }
  if (decision === "sign_in") return user;
  const by = (await isOwner(user)) ? "owner" : "message";
  const proved = await proveMailbox(app, user.id, { by }, user.credentialsVersion);
  return proved?.user ?? null;
}
