import { open, seal } from "../keys/seal.ts";
import { decideLink, isAuthority, type LinkDecision, type LinkFacts } from "../oauth/link.ts";
import { TRUST_ALL } from "../oauth/provider.ts";
import { isRecord, own, parseJson } from "../platform/encoding.ts";
import { attempts, now } from "../platform/env.ts";
import { AuthError, reportQuietly } from "../platform/errors.ts";
import { hasSameMailbox, parseEmail } from "../users/identifier.ts";
import type { LinkedAccount, ProviderAccount, ProviderTokens, User } from "../users/user.ts";
import { deleteUser, insertUser } from "./accounts.ts";
import type { App } from "./app.ts";
import { takeLaterProfile } from "./later-profile.ts";
import { proveMailbox } from "./prove-mailbox.ts";
import { decideSignUp, redeemInvitation, signUpRefused } from "./sign-up.ts";
import { isSignedIn, type LinkRequester, removeLink } from "./unlink.ts";

/** The record that a sign-in with a provider created. */
export type CreatedBySignIn = "user" | "link" | "nothing";

/** The user of an account. */
export interface FoundUser {
  readonly user: User;
  /** The record that was created, to delete if the sign-in fails. */
  readonly created: CreatedBySignIn;
  /** The live session that authorizes this sign-in; null if the account authorizes it. */
  readonly succeeds: string | null;
}

/** Reads the address of the invitation of a sign-in. Fails with `mail_token_invalid`. */
export type ReadInvited = () => Promise<string>;

/**
 * Finds, links or creates the user of an account. Only a creation reads the invitation, which is null if the sign-in has none. Fails
 * with `account_not_linked`, `forbidden` and `mail_token_invalid`. If a concurrent request links or creates
 * first, it decides again, up to a second. Then it fails with `store_unavailable`, such as after a crash of that request.
 */
export async function findUserOf(
  app: App,
  account: ProviderAccount,
  readInvited: ReadInvited | null,
): Promise<FoundUser> {
  let isProfileTaken = false;
  for await (const _ of attempts()) {
    const plan = await planLink(app, account, null);
    const { decision } = plan;
    if (decision.kind === "create") {
      const admitted = await admitNewUser(app, account, { ...plan, decision }, readInvited);
      const user = await createLinkedUser(app, account, admitted);
      if (user !== null) return { user, created: "user", succeeds: null };
      continue;
    }
    let user = await applyLinkDecision(app, account, { ...plan, decision });
    if (decision.kind === "sign_in" && !isProfileTaken && user !== null && lacksProfile(user, account)) {
      // Once: a failure, and a concurrent change of the credentials, fail no sign-in. It is decided again without this.
      isProfileTaken = true;
      user = await takeProfile(app, user, account);
    }
    if (user !== null) return { user, created: createdByLinking(decision), succeeds: null };
  }
  throw new AuthError("store_unavailable");
}

function lacksProfile(user: User, account: ProviderAccount): boolean {
  return (["email", "name", "picture"] as const).some(
    (name) => user[name] === null && account[name] !== null,
  );
}

// The version that was read stays the one of the sign-in, or is this change alone. Otherwise a removed link would still sign in.
async function takeProfile(app: App, user: User, account: ProviderAccount): Promise<User | null> {
  const { name, picture } = account;
  const told = { ...keyOf(account), name, picture, email: emailOf(app, account) };
  return takeLaterProfile(app, user, told).catch(reportQuietly(app.engine.report));
}

/**
 * Links an account to the user that requested it. If the account is the first proof of the user's own address, this
 * removes the password and ends every session: the password was set without such a proof. Fails with
 * `account_not_linked`, and with `oauth_state_invalid` if the requester's session has ended.
 */
export async function linkToUser(
  app: App,
  requester: LinkRequester,
  account: ProviderAccount,
): Promise<FoundUser> {
  for await (const _ of attempts()) {
    const plan = await planLink(app, account, requester);
    const { decision } = plan;
    const user =
      decision.kind === "create" ? null : await applyLinkDecision(app, account, { ...plan, decision });
    if (user === null) continue;
    // The proof of the address also ended the requester's session. The proof authorizes the sign-in instead.
    const isProven = "proves" in decision && decision.proves;
    return { user, created: createdByLinking(decision), succeeds: isProven ? null : requester.sessionId };
  }
  throw new AuthError("store_unavailable");
}

// A link that proved an address is kept: it is the only sign-in method that is left.
function createdByLinking(decision: LinkDecision): CreatedBySignIn {
  return decision.kind === "link" && !decision.proves ? "link" : "nothing";
}

interface LinkPlan<User, Decision = LinkDecision> {
  readonly decision: Decision;
  readonly requester: LinkRequester | null;
  /** The user as read for the decision. The sign-in fails if their credentials change after that. */
  readonly user: User | null;
}

async function planLink(
  app: App,
  account: ProviderAccount,
  requester: LinkRequester | null,
): Promise<LinkPlan<User>> {
  const user = requester === null ? null : await app.users.get(requester.userId);
  if (requester !== null && user === null) throw new AuthError("oauth_state_invalid");
  const email = emailOf(app, account);
  const found = await app.users.findByAccount(keyOf(account));
  const owner = email === null ? null : await app.users.find({ email: email.address });
  const isByAddress = requester === null && found === null && owner !== null;
  const links = isByAddress ? await app.users.accounts(owner.id) : [];
  // Read last: a concurrent request may have linked this account to the owner since the first read.
  const holder = links.some((linked) => isSameAccount(linked, account)) ? owner : found;
  const decision = decideLink({
    holder: holder?.id ?? null,
    asker: requester?.userId ?? null,
    email,
    owner: owner === null ? null : ownerFacts(owner, links),
    linkByEmail: app.config.linkByEmail,
  });
  return { decision, requester, user: requester === null ? (holder ?? owner) : user };
}

function ownerFacts(
  { id, emailVerified, passwordHash }: User,
  links: readonly LinkedAccount[],
): LinkFacts["owner"] {
  return { id, verified: emailVerified, reachable: passwordHash !== null || links.length > 0 };
}

function isSameAccount(one: LinkedAccount, other: LinkedAccount): boolean {
  return one.provider === other.provider && one.subject === other.subject;
}

function emailOf(app: App, { provider, email, emailVerified, claims }: ProviderAccount): LinkFacts["email"] {
  const address = email === null ? null : parseEmail(email);
  if (email === null || address === null) return null;
  const trust = app.oauth.get(provider)?.provider.trustEmail ?? TRUST_ALL;
  const authoritative = isAuthority(trust, address, claims);
  return { address, verified: emailVerified && hasSameMailbox(email, address), authoritative };
}

type Creation = Extract<LinkDecision, { kind: "create" }>;

/** Decides whether a request may create the user of an account. The user of an invitation has the invited address, verified. */
async function admitNewUser(
  app: App,
  { email }: ProviderAccount,
  { decision, user: owner }: LinkPlan<User, Creation>,
  readInvited: ReadInvited | null,
): Promise<Creation> {
  const { signUp } = app.config;
  const admission = decideSignUp({ signUp, byMethod: true, hasInvitation: readInvited !== null });
  if (admission === "refuse") throw signUpRefused({ signUp });
  if (readInvited === null) return decision;
  const invited = await readInvited();
  if (!isInvited(email, invited)) {
    throw new AuthError("forbidden", "The account at the provider has another address than the invited one.");
  }
  // An invitation is for an address without a user: it neither links an account to one nor passes one by.
  if (owner !== null) throw new AuthError("account_not_linked");
  return { kind: "create", email: invited, verified: true };
}

/**
 * Whether an account at a provider belongs to the person that was invited: it has the invited address. The provider need not vouch
 * for it, because the invitation proves the mailbox. With another address, an attacker could have their own invitation opened in the
 * browser of a victim: the account of the victim would get the mailbox of the attacker, who then resets its password.
 */
export function isInvited(email: string | null, invited: string): boolean {
  return email !== null && parseEmail(email) === invited && hasSameMailbox(email, invited);
}

// Null if a concurrent request was first. Then the decision is repeated.
async function createLinkedUser(
  app: App,
  account: ProviderAccount,
  { email, verified }: Creation,
): Promise<User | null> {
  const user = await insertUser(app, {
    email,
    username: null,
    name: account.name,
    picture: account.picture,
    emailVerified: verified,
    passwordHash: null,
  });
  if (user === null || (await addLink(app, user.id, account))) return user;
  // With a verified address, another sign-in may already use this user. Without one, none can.
  if (!verified) await deleteUser(app, user.id);
  return null;
}

/** What a sign-in did, to undo it. */
export interface SignInToUndo {
  readonly created: CreatedBySignIn;
  readonly account: LinkedAccount;
  /** How many sessions it started. Default 0. */
  readonly own?: number;
}

/** Deletes the record that a failed sign-in created, unless another sign-in uses it already. */
export async function undoSignIn(
  app: App,
  userId: string,
  { created, account, own: ownSessions = 0 }: SignInToUndo,
): Promise<void> {
  if (created === "link") await removeLink(app, userId, account);
  if (created !== "user") return;
  const links = await app.users.accounts(userId);
  const sessions = await app.engine.store.list(userId, now(app.env));
  if (links.length <= 1 && sessions.length <= ownSessions) await deleteUser(app, userId);
}

/**
 * Redeems the invitation of a sign-in that created its user. It comes last, so that a sign-in that fails leaves the invitation valid.
 * Fails with `mail_token_invalid` if it was redeemed or replaced in between, and then deletes the user.
 */
export async function spendInvitation(
  app: App,
  userId: string,
  { created, account }: SignInToUndo,
  invitation: string | undefined,
): Promise<void> {
  if (created !== "user" || invitation === undefined) return;
  try {
    await redeemInvitation(app, invitation);
  } catch (error) {
    await undoSignIn(app, userId, { created, account, own: 1 }).catch(reportQuietly(app.engine.report));
    throw error;
  }
}

async function applyLinkDecision(
  app: App,
  account: ProviderAccount,
  { decision, requester, user }: LinkPlan<User, Exclude<LinkDecision, { kind: "create" }>>,
): Promise<User | null> {
  if (decision.kind === "refuse")
    throw new AuthError("account_not_linked", undefined, null, { details: { fault: decision.because } });
  if (decision.kind === "link") {
    if (user !== null && user.disabledAt !== null) throw new AuthError("forbidden");
    if (!(await addLink(app, decision.userId, account))) return null;
    if (requester !== null) await requireLiveRequester(app, requester, account);
    else if (user === null || (await hasChanged(app, user))) {
      await removeLink(app, decision.userId, account);
      return null;
    }
  }
  if (!decision.proves) return user;
  const proved = await proveMailbox(app, decision.userId, { by: "account", account: keyOf(account) });
  return proved?.user ?? null;
}

// An undo of a change of address removes the links from before it. One that comes later, by the address of a thief, must not stay.
async function hasChanged(app: App, { id, credentialsVersion }: User): Promise<boolean> {
  const current = await app.users.get(id).catch(reportQuietly(app.engine.report));
  return current?.credentialsVersion !== credentialsVersion;
}

// A session that ended during the flow, or may have, must not add a sign-in method.
async function requireLiveRequester(
  app: App,
  requester: LinkRequester,
  account: ProviderAccount,
): Promise<void> {
  if (await isSignedIn(app, requester).catch(reportQuietly(app.engine.report))) return;
  await removeLink(app, requester.userId, account);
  throw new AuthError("oauth_state_invalid");
}

async function addLink(app: App, userId: string, account: ProviderAccount): Promise<boolean> {
  if (!(await app.users.link(userId, keyOf(account)))) return false;
  app.engine.emit({ type: "account.linked", userId, provider: account.provider });
  return true;
}

function keyOf({ provider, subject }: LinkedAccount): LinkedAccount {
  return { provider, subject };
}

const LABEL = "provider-tokens";

/** Stores the sealed tokens of an account if its provider has `storeTokens`. */
export async function keepTokens(app: App, account: ProviderAccount): Promise<void> {
  if (app.oauth.get(account.provider)?.provider.storeTokens !== true) return;
  const [secret] = app.sealing();
  const sealed = await seal(JSON.stringify(account.tokens), secret, LABEL, app.env.random);
  const { provider, subject } = account;
  await app.users.keepTokens({ provider, subject }, sealed);
}

/** Reads the tokens of a user's last sign-in with a provider. Returns null if none are stored. */
export async function readKeptTokens(
  app: App,
  userId: string,
  provider: string,
): Promise<ProviderTokens | null> {
  const account = (await app.users.accounts(userId)).find((linked) => linked.provider === provider);
  const sealed = account === undefined ? null : await app.users.keptTokens(account);
  const text = sealed === null ? null : await open(sealed, app.sealing(), LABEL);
  const tokens = text === null ? null : parseJson(text);
  return isTokens(tokens) ? tokens : null;
}

function isTokens(value: unknown): value is ProviderTokens {
  return isRecord(value) && typeof own(value, "accessToken") === "string";
}
