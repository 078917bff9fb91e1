import { AuthError } from "../errors.ts";
import { isRecord, own, parseJson } from "../json.ts";
import { open, seal } from "../keys/seal.ts";
import { decideLink, decideUnlink, type LinkDecision } from "../oauth/link.ts";
import { parseEmail } from "../password/identifier.ts";
import type { ProviderAccount, ProviderTokens } from "../tokens/provider-tokens.ts";
import type { LinkedAccount, User } from "../users/store.ts";
import { changeCredentials, deleteUser, insertUser } from "./accounts.ts";
import type { App } from "./app.ts";

/** A user found by an account, and whether the account is what brought them here just now. */
export interface FoundUser<U> {
  readonly user: U;
  readonly created: boolean;
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
    const decision = await decide(app, account, null);
    const found =
      decision.kind === "create"
        ? await create(app, account, decision.email)
        : await take(app, account, decision);
    if (found !== null) return found;
  }
  throw new AuthError("store_unavailable");
}

/**
 * Links an account to the user who asked for it. Where it is the first proof of the user's own address, the password goes
 * and every session ends: whoever set it had proved nothing. Fails with `account_not_linked`.
 */
export async function linkToUser<Context, U extends User>(
  app: App<Context, U>,
  userId: string,
  account: ProviderAccount,
): Promise<U> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const decision = await decide(app, account, userId);
    const found = decision.kind === "create" ? null : await take(app, account, decision);
    if (found !== null) return found.user;
  }
  throw new AuthError("store_unavailable");
}

async function decide<Context, U extends User>(
  app: App<Context, U>,
  account: ProviderAccount,
  asker: string | null,
): Promise<LinkDecision> {
  const holder = await app.users.findByAccount(keyOf(account));
  const address = account.email === null ? null : parseEmail(account.email);
  const owner = address === null ? null : await app.users.find({ email: address });
  return decideLink({
    holder: holder?.id ?? null,
    asker,
    email: address === null ? null : { address, verified: account.emailVerified },
    owner: owner === null ? null : { id: owner.id, verified: owner.emailVerified },
  });
}

async function create<Context, U extends User>(
  app: App<Context, U>,
  account: ProviderAccount,
  email: string | null,
): Promise<FoundUser<U> | null> {
  const user = await insertUser(app, {
    email,
    username: null,
    name: account.name,
    emailVerified: email !== null,
    passwordHash: null,
  });
  if (user === null) return null;
  if (await link(app, user.id, account)) return { user, created: true };
  await deleteUser(app, user.id);
  return null;
}

// Null where somebody else was first: then everything is decided anew.
async function take<Context, U extends User>(
  app: App<Context, U>,
  account: ProviderAccount,
  decision: Exclude<LinkDecision, { kind: "create" }>,
): Promise<FoundUser<U> | null> {
  if (decision.kind === "refuse") throw new AuthError("account_not_linked");
  const { userId } = decision;
  if (decision.kind === "link") {
    if (!(await link(app, userId, account))) return null;
    if (decision.proves) await proveAddress(app, userId);
  }
  const user = await app.users.get(userId);
  return user === null ? null : { user, created: false };
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

async function proveAddress<Context, U extends User>(app: App<Context, U>, userId: string): Promise<void> {
  await changeCredentials(app, userId, { emailVerified: true, passwordHash: null }, "password_changed");
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
  const [user, links] = await Promise.all([app.users.get(userId), app.users.accounts(userId)]);
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
