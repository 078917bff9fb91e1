import {
  checkUserChange,
  type LinkedAccount,
  type User,
  type UserChange,
  type UserRange,
  type UserStore,
} from "../users/user.ts";
import { compareTexts } from "../users/user-range.ts";

/** The users of one process, with their rows for the atomic steps of the session store. */
export interface MemoryUsers extends UserStore {
  readonly byId: ReadonlyMap<string, User>;
}

/** A range of the users of one process. It looks at all of them. */
function rangeOf(users: Iterable<User>, { by, prefix, after, limit }: UserRange): readonly User[] {
  const keyed = [...users].flatMap((user) => {
    const key = user[by];
    const isInRange = key?.startsWith(prefix) === true && (after === null || compareTexts(key, after) > 0);
    return isInRange ? [{ key, user }] : [];
  });
  return keyed
    .sort((one, other) => compareTexts(one.key, other.key))
    .slice(0, limit)
    .map(({ user }) => user);
}

export function memoryUsers(): MemoryUsers {
  const users = new Map<string, User>();
  const emails = new Map<string, string>();
  const usernames = new Map<string, string>();
  const links = memoryLinks();

  return {
    ...links.operations,
    byId: users,

    create: async (user) => {
      const taken =
        users.has(user.id) ||
        (user.email !== null && emails.has(user.email)) ||
        (user.username !== null && usernames.has(user.username));
      if (taken) return false;
      users.set(user.id, Object.freeze({ ...user }));
      if (user.email !== null) emails.set(user.email, user.id);
      if (user.username !== null) usernames.set(user.username, user.id);
      return true;
    },

    get: async (id) => users.get(id) ?? null,

    find: async (identifier) => {
      const id = "email" in identifier ? emails.get(identifier.email) : usernames.get(identifier.username);
      return id === undefined ? null : (users.get(id) ?? null);
    },

    update: async (id, change, { ifVersion, raiseVersion }) => {
      checkUserChange(change);
      const user = users.get(id);
      if (user === undefined) return null;
      if (ifVersion !== null && ifVersion !== user.credentialsVersion) return null;
      const credentialsVersion = user.credentialsVersion + (raiseVersion ? 1 : 0);
      const changed = Object.freeze({ ...user, ...definedMembers(change), credentialsVersion });
      users.set(id, changed);
      return changed;
    },

    changeEmail: changeEmailIn(users, emails),

    list: async (range) => rangeOf(users.values(), range),

    delete: async (id) => {
      const user = users.get(id);
      if (user === undefined) return false;
      users.delete(id);
      if (user.email !== null) emails.delete(user.email);
      if (user.username !== null) usernames.delete(user.username);
      links.forget(id);
      return true;
    },

    findByAccount: async (account) => users.get(links.holder(account) ?? "") ?? null,
    link: async (id, account) => users.has(id) && links.add(id, account),
  };
}

function changeEmailIn(users: Map<string, User>, emails: Map<string, string>): UserStore["changeEmail"] {
  return async (id, email, ifVersion, verified = true) => {
    const user = users.get(id);
    if (user === undefined || user.credentialsVersion !== ifVersion) return null;
    if ((emails.get(email) ?? id) !== id) return "taken";
    if (user.email !== null) emails.delete(user.email);
    emails.set(email, id);
    const changed = Object.freeze({
      ...user,
      email,
      emailVerified: verified,
      credentialsVersion: ifVersion + 1,
    });
    users.set(id, changed);
    return changed;
  };
}

// Member by member: a caller without types may pass other members, or undefined.
function definedMembers({ name, picture, emailVerified, passwordHash, disabledAt }: UserChange): UserChange {
  return {
    ...(name === undefined ? {} : { name }),
    ...(picture === undefined ? {} : { picture }),
    ...(emailVerified === undefined ? {} : { emailVerified }),
    ...(passwordHash === undefined ? {} : { passwordHash }),
    ...(disabledAt === undefined ? {} : { disabledAt }),
  };
}

/** The user of each linked account. An account has at most one user. */
interface Links {
  /** The operations of the user store that need the links alone. */
  readonly operations: Pick<UserStore, "unlink" | "accounts" | "keepTokens" | "keptTokens">;
  holder(account: LinkedAccount): string | undefined;
  add(userId: string, account: LinkedAccount): boolean;
  forget(userId: string): void;
}

interface Link {
  readonly userId: string;
  readonly account: LinkedAccount;
  readonly sealed: string | null;
}

function memoryLinks(): Links {
  const holders = new Map<string, Link>();
  return {
    operations: {
      unlink: async (userId, account) =>
        holders.get(keyOf(account))?.userId === userId && holders.delete(keyOf(account)),
      accounts: async (userId) =>
        [...holders.values()].filter((link) => link.userId === userId).map((link) => link.account),
      keepTokens: async (account, sealed) => {
        const link = holders.get(keyOf(account));
        if (link === undefined) return false;
        holders.set(keyOf(account), { ...link, sealed });
        return true;
      },
      keptTokens: async (account) => holders.get(keyOf(account))?.sealed ?? null,
    },
    holder: (account) => holders.get(keyOf(account))?.userId,
    add: (userId, { provider, subject }) => {
      const key = keyOf({ provider, subject });
      if (holders.has(key)) return false;
      holders.set(key, { userId, account: Object.freeze({ provider, subject }), sealed: null });
      return true;
    },
    forget: (userId) => {
      for (const [key, link] of holders) if (link.userId === userId) holders.delete(key);
    },
  };
}

function keyOf({ provider, subject }: LinkedAccount): string {
  return JSON.stringify([provider, subject]);
}
