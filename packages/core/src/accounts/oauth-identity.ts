import { isAuthority, TRUST_ALL } from "../oauth/email-trust.ts";
import { decideLink, type LinkDecision, type LinkFacts } from "../oauth/link.ts";
import { now } from "../platform/env.ts";
import { AuthError } from "../platform/errors.ts";
import { parseEmail } from "../users/identifier.ts";
import type { LinkedAccount, ProviderAccount, User } from "../users/user.ts";
import { deleteUser, insertUser } from "./accounts.ts";
import type { App } from "./app.ts";
import { proveMailbox } from "./prove-mailbox.ts";
import { type Asker, isSignedIn, removeLink } from "./unlink.ts";

/** What a sign-in made on its way. */
export type Made = "user" | "link" | "nothing";

/** A user found by an account. */
export interface FoundUser {
  readonly user: User;
  /** What there was to make for it, and goes again where the sign-in comes to nothing. */
  readonly made: Made;
  /** The session that vouches for them; null where the account does. */
  readonly succeeds: string | null;
}

/** Others may link and create at the same time; then what is known is read anew, this often. */
const ATTEMPTS = 4;

/** Finds the user of an account, links it, or creates one. Fails with `account_not_linked`. */
export async function findUserOf(app: App, account: ProviderAccount): Promise<FoundUser> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const known = await decide(app, account, null);
    const { decision } = known;
    if (decision.kind === "create") {
      const user = await create(app, account, decision);
      if (user !== null) return { user, made: "user", succeeds: null };
      continue;
    }
    const user = await take(app, account, { ...known, decision });
    if (user !== null) return { user, made: madeBy(decision), succeeds: null };
  }
  throw new AuthError("store_unavailable");
}

/**
 * Links an account to the user who asked for it. Where it is the first proof of the user's own address, the password goes
 * and every session ends: whoever set it had proved nothing. Fails with `account_not_linked`, and with
 * `oauth_state_invalid` where the asker's session has ended.
 */
export async function linkToUser(app: App, asker: Asker, account: ProviderAccount): Promise<FoundUser> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const known = await decide(app, account, asker);
    const { decision } = known;
    const user = decision.kind === "create" ? null : await take(app, account, { ...known, decision });
    if (user === null) continue;
    // The proof of the address ended the asker's session, too, and vouches for them instead.
    const isProven = "proves" in decision && decision.proves;
    return { user, made: madeBy(decision), succeeds: isProven ? null : asker.sessionId };
  }
  throw new AuthError("store_unavailable");
}

// A link that proved an address stays: it is the way in that is left.
function madeBy(decision: LinkDecision): Made {
  return decision.kind === "link" && !decision.proves ? "link" : "nothing";
}

interface Known<User, Decision = LinkDecision> {
  readonly decision: Decision;
  readonly asker: Asker | null;
  /** The user that the decision leads to, as they were when it was taken: what changes later refuses the sign-in. */
  readonly user: User | null;
}

async function decide(app: App, account: ProviderAccount, asker: Asker | null): Promise<Known<User>> {
  const user = asker === null ? null : await app.users.get(asker.userId);
  if (asker !== null && user === null) throw new AuthError("oauth_state_invalid");
  const email = emailOf(app, account);
  const found = await app.users.findByAccount(keyOf(account));
  const owner = email === null ? null : await app.users.find({ email: email.address });
  const isByAddress = asker === null && found === null && owner !== null;
  const links = isByAddress ? await app.users.accounts(owner.id) : [];
  // Read last: another request may have linked this very account to the owner since it was looked for.
  const holder = links.some((linked) => isSame(linked, account)) ? owner : found;
  const decision = decideLink({
    holder: holder?.id ?? null,
    asker: asker?.userId ?? null,
    email,
    owner: owner === null ? null : ownerFacts(owner, links),
    linkByEmail: app.config.linkByEmail,
  });
  return { decision, asker, user: asker === null ? (holder ?? owner) : user };
}

function ownerFacts(
  { id, emailVerified, passwordHash }: User,
  links: readonly LinkedAccount[],
): LinkFacts["owner"] {
  return { id, verified: emailVerified, reachable: passwordHash !== null || links.length > 0 };
}

function isSame(one: LinkedAccount, other: LinkedAccount): boolean {
  return one.provider === other.provider && one.subject === other.subject;
}

function emailOf(app: App, { provider, email, emailVerified, claims }: ProviderAccount): LinkFacts["email"] {
  const address = email === null ? null : parseEmail(email);
  if (email === null || address === null) return null;
  const trust = app.oauth.get(provider)?.provider.trustEmail ?? TRUST_ALL;
  const authoritative = isAuthority(trust, address, claims);
  return { address, verified: emailVerified && isSpelt(email, address), authoritative };
}

// What normal form makes one, such as a long s and an s, a mail system may deliver to two.
function isSpelt(given: string, normal: string): boolean {
  const mailbox = (address: string): string => address.slice(0, address.lastIndexOf("@"));
  return mailbox(given.trim()).replace(/[A-Z]/g, (letter) => letter.toLowerCase()) === mailbox(normal);
}

// Null where somebody else was first: then everything is decided anew.
async function create(
  app: App,
  account: ProviderAccount,
  { email, verified }: Extract<LinkDecision, { kind: "create" }>,
): Promise<User | null> {
  const user = await insertUser(app, {
    email,
    username: null,
    name: account.name,
    emailVerified: verified,
    passwordHash: null,
  });
  if (user === null || (await link(app, user.id, account))) return user;
  // By a proven address others find this very user, and may be in already; without one nobody can.
  if (!verified) await deleteUser(app, user.id);
  return null;
}

/** Undoes what was made for a sign-in that came to nothing, unless somebody has come in by it meanwhile. */
export async function takeBack(
  app: App,
  userId: string,
  { made, account }: { readonly made: Made; readonly account: LinkedAccount },
): Promise<void> {
  if (made === "link") await removeLink(app, userId, account);
  if (made !== "user") return;
  const links = await app.users.accounts(userId);
  const sessions = await app.engine.store.list(userId, now(app.env));
  if (links.length <= 1 && sessions.length === 0) await deleteUser(app, userId);
}

async function take(
  app: App,
  account: ProviderAccount,
  { decision, asker, user }: Known<User, Exclude<LinkDecision, { kind: "create" }>>,
): Promise<User | null> {
  if (decision.kind === "refuse") throw new AuthError("account_not_linked");
  if (decision.kind === "link") {
    if (user !== null && user.disabledAt !== null) throw new AuthError("forbidden");
    if (!(await link(app, decision.userId, account))) return null;
    if (asker !== null) await requireAsker(app, asker, account);
  }
  if (!decision.proves) return user;
  const proved = await proveMailbox(app, decision.userId, { by: "account", account: keyOf(account) });
  return proved?.user ?? null;
}

// A session that ended while the provider was asked, or may have, gives nobody another way in.
async function requireAsker(app: App, asker: Asker, account: ProviderAccount): Promise<void> {
  if (await isSignedIn(app, asker).catch(() => false)) return;
  await removeLink(app, asker.userId, account);
  throw new AuthError("oauth_state_invalid");
}

async function link(app: App, userId: string, account: ProviderAccount): Promise<boolean> {
  if (!(await app.users.link(userId, keyOf(account)))) return false;
  app.engine.emit({ type: "account.linked", userId, provider: account.provider });
  return true;
}

function keyOf({ provider, subject }: LinkedAccount): LinkedAccount {
  return { provider, subject };
}
