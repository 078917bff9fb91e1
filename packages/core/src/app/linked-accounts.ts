import { now } from "../env.ts";
import { AuthError } from "../errors.ts";
import { isRecord, own, parseJson } from "../json.ts";
import { open, seal } from "../keys/seal.ts";
import { decideLink, decideUnlink, type LinkDecision } from "../oauth/link.ts";
import { parseEmail } from "../password/identifier.ts";
import { isLive } from "../sessions/decide.ts";
import type { ProviderAccount, ProviderTokens } from "../tokens/provider-tokens.ts";
import type { LinkedAccount, User } from "../users/store.ts";
import { changeCredentials, deleteUser, insertUser } from "./accounts.ts";
import type { App } from "./app.ts";

/** A user found by an account, and whether the account is what brought them here just now. */
export interface FoundUser<U> {
  readonly user: U;
  readonly created: boolean;
  /** The session that vouches for them; null where the account does. */
  readonly succeeds: string | null;
}

const TOKENS = "provider-tokens";
/** Others may link and create at the same time; then what is known is read anew, this often. */
const ATTEMPTS = 4;

/** Finds the user of an account, links it, or creates one. Fails with `account_not_linked`. */
export async function findUserOf<Context, U extends User>(
  app: App<Context, U>,
  account: ProviderAccount,
): Promise<FoundUser<U>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const known = await decide(app, account, null);
    const { decision } = known;
    if (decision.kind === "create") {
      const user = await create(app, account, decision.email);
      if (user !== null) return { user, created: true, succeeds: null };
      continue;
    }
    const user = await take(app, account, { ...known, decision });
    if (user !== null) return { user, created: false, succeeds: null };
  }
  throw new AuthError("store_unavailable");
}

/** Who asks for a link, and the session that they asked in. */
export interface Asker {
  readonly userId: string;
  readonly sessionId: string;
}

/** Whether the session of somebody who asked for a link goes on. */
export async function isSignedIn<Context, U extends User>(
  { engine }: App<Context, U>,
  { userId, sessionId }: Asker,
): Promise<boolean> {
  const session = await engine.store.get(sessionId, now(engine.env));
  return session !== null && session.row.userId === userId && isLive(session.row, session.now);
}

/**
 * Links an account to the user who asked for it. Where it is the first proof of the user's own address, the password goes
 * and every session ends: whoever set it had proved nothing. Fails with `account_not_linked`, and with
 * `oauth_state_invalid` where the asker's session has ended.
 */
export async function linkToUser<Context, U extends User>(
  app: App<Context, U>,
  asker: Asker,
  account: ProviderAccount,
): Promise<FoundUser<U>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const known = await decide(app, account, asker);
    const { decision } = known;
    const user = decision.kind === "create" ? null : await take(app, account, { ...known, decision });
    if (user === null) continue;
    // The proof of the address ended the asker's session, too, and vouches for them instead.
    const isProven = "proves" in decision && decision.proves;
    return { user, created: false, succeeds: isProven ? null : asker.sessionId };
  }
  throw new AuthError("store_unavailable");
}

interface Known<U, Decision = LinkDecision> {
  readonly decision: Decision;
  readonly asker: Asker | null;
  /** The user that the decision leads to, as they were when it was taken: what changes later refuses the sign-in. */
  readonly user: U | null;
}

async function decide<Context, U extends User>(
  app: App<Context, U>,
  account: ProviderAccount,
  asker: Asker | null,
): Promise<Known<U>> {
  const user = asker === null ? null : await app.users.get(asker.userId);
  if (asker !== null && user === null) throw new AuthError("oauth_state_invalid");
  const holder = await app.users.findByAccount(keyOf(account));
  const address = account.email === null ? null : parseEmail(account.email);
  const owner = address === null ? null : await app.users.find({ email: address });
  const decision = decideLink({
    holder: holder?.id ?? null,
    asker: asker?.userId ?? null,
    email: address === null ? null : { address, verified: account.emailVerified },
    owner: owner === null ? null : { id: owner.id, verified: owner.emailVerified },
  });
  return { decision, asker, user: asker === null ? (holder ?? owner) : user };
}

// Null where somebody else was first: then everything is decided anew.
async function create<Context, U extends User>(
  app: App<Context, U>,
  account: ProviderAccount,
  email: string | null,
): Promise<U | null> {
  const user = await insertUser(app, {
    email,
    username: null,
    name: account.name,
    emailVerified: email !== null,
    passwordHash: null,
  });
  if (user === null || (await link(app, user.id, account))) return user;
  // Who came with the same proven address may have linked the account to this very user: then they are in.
  if ((await app.users.accounts(user.id)).length === 0) await deleteUser(app, user.id);
  return null;
}

/** Deletes a user whose first sign-in came to nothing, unless somebody has come in as them meanwhile. */
export async function takeBack<Context, U extends User>(app: App<Context, U>, userId: string): Promise<void> {
  const links = await app.users.accounts(userId);
  const sessions = await app.engine.store.list(userId, now(app.engine.env));
  if (links.length <= 1 && sessions.length === 0) await deleteUser(app, userId);
}

async function take<Context, U extends User>(
  app: App<Context, U>,
  account: ProviderAccount,
  { decision, asker, user }: Known<U, Exclude<LinkDecision, { kind: "create" }>>,
): Promise<U | null> {
  if (decision.kind === "refuse") throw new AuthError("account_not_linked");
  if (decision.kind === "link") {
    if (!(await link(app, decision.userId, account))) return null;
    if (asker !== null) await requireAsker(app, asker, account);
  }
  return decision.proves ? proveAddress(app, decision.userId) : user;
}

// A session that ended while the provider was asked gives nobody another way in.
async function requireAsker<Context, U extends User>(
  app: App<Context, U>,
  asker: Asker,
  account: ProviderAccount,
): Promise<void> {
  if (await isSignedIn(app, asker)) return;
  await unlink(app, asker.userId, account);
  throw new AuthError("oauth_state_invalid");
}

async function link<Context, U extends User>(
  app: App<Context, U>,
  userId: string,
  account: ProviderAccount,
): Promise<boolean> {
  if (!(await app.users.link(userId, keyOf(account)))) return false;
  app.engine.emit({ type: "account.linked", userId, provider: account.provider });
  return true;
}

async function unlink<Context, U extends User>(
  app: App<Context, U>,
  userId: string,
  account: LinkedAccount,
): Promise<void> {
  await app.users.unlink(userId, keyOf(account));
  app.engine.emit({ type: "account.unlinked", userId, provider: account.provider });
}

function proveAddress<Context, U extends User>(app: App<Context, U>, userId: string): Promise<U | null> {
  return changeCredentials(app, userId, { emailVerified: true, passwordHash: null }, "password_changed");
}

/** Undoes the links of a user to one provider. Fails with `not_found`, and `forbidden` where it is the last way in. */
export async function unlinkProvider<Context, U extends User>(
  app: App<Context, U>,
  userId: string,
  provider: string,
): Promise<void> {
  const links = await app.users.accounts(userId);
  const going = links.filter((account) => account.provider === provider);
  if (going.length === 0) throw new AuthError("not_found");
  if (!(await hasWayIn(app, userId, provider))) throw lastWayIn();
  for (const account of going) await app.users.unlink(userId, account);
  // Another link may have gone at the same time: whoever finds nothing left takes their own step back.
  if (!(await hasWayIn(app, userId, provider))) {
    for (const account of going) await app.users.link(userId, account);
    throw lastWayIn();
  }
  // Whoever is signing in by the link right now does not get through any more.
  await app.users.update(userId, {}, { ifVersion: null, raiseVersion: true });
  app.engine.emit({ type: "account.unlinked", userId, provider });
}

function lastWayIn(): AuthError {
  return new AuthError("forbidden", "This is the only way to sign in to the account; add another first.");
}

// Only what this server offers is a way in.
async function hasWayIn<Context, U extends User>(
  app: App<Context, U>,
  userId: string,
  without: string,
): Promise<boolean> {
  const user = await app.users.get(userId);
  const links = await app.users.accounts(userId);
  const left = links.filter(({ provider }) => provider !== without && app.oauth.has(provider)).length;
  const password = app.password !== null && user !== null && user.passwordHash !== null;
  return decideUnlink({ password, links: left });
}

/** Keeps the tokens of an account, sealed, where its provider is told to. */
export async function keepTokens<Context, U extends User>(
  app: App<Context, U>,
  account: ProviderAccount,
): Promise<void> {
  if (app.oauth.get(account.provider)?.provider.storeTokens !== true) return;
  const [secret] = app.sealing();
  const sealed = await seal(JSON.stringify(account.tokens), secret, TOKENS, app.config.env.random);
  await app.users.keepTokens(keyOf(account), sealed);
}

/** The tokens that were kept at a user's last sign-in with a provider; null where there are none. */
export async function readKeptTokens<Context, U extends User>(
  app: App<Context, U>,
  userId: string,
  provider: string,
): Promise<ProviderTokens | null> {
  const account = (await app.users.accounts(userId)).find((linked) => linked.provider === provider);
  const sealed = account === undefined ? null : await app.users.keptTokens(account);
  const text = sealed === null ? null : await open(sealed, app.sealing(), TOKENS);
  const tokens = text === null ? null : parseJson(text);
  return isTokens(tokens) ? tokens : null;
}

function isTokens(value: unknown): value is ProviderTokens {
  return isRecord(value) && typeof own(value, "accessToken") === "string";
}

function keyOf({ provider, subject }: LinkedAccount): LinkedAccount {
  return { provider, subject };
}
