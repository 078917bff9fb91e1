import type { User, UserId, UserStore } from "@latchkey/core/store";

/**
 * Lets the cases name the users of a table that makes its own ids: the cases use the names that they gave to `create`, the store its
 * ids. It also hides members that only the rows of the application have.
 */
export function nameUsers(users: UserStore): UserStore {
  const ids = new Map<string, UserId>();
  const idOf = (name: string): UserId => ids.get(name) ?? name;
  const shown = (user: User): User => {
    const [name = user.id] = [...ids].find(([, id]) => id === user.id) ?? [];
    return { ...membersOf(user), id: name };
  };
  const orNull = (user: User | null): User | null => (user === null ? null : shown(user));
  return {
    create: async (user) => {
      // Such a table cannot find a taken id, because it ignores the id that it gets.
      if (ids.has(user.id) && (await users.get(idOf(user.id))) !== null) return false;
      const made = await users.create(user);
      if (typeof made === "string") ids.set(user.id, made);
      return made !== false;
    },
    get: async (id) => orNull(await users.get(idOf(id))),
    find: async (identifier) => orNull(await users.find(identifier)),
    update: async (id, change, options) => orNull(await users.update(idOf(id), change, options)),
    changeEmail: async (id, ...change) => {
      const changed = await users.changeEmail(idOf(id), ...change);
      return changed === "taken" ? changed : orNull(changed);
    },
    delete: (id) => users.delete(idOf(id)),
    findByAccount: async (account) => orNull(await users.findByAccount(account)),
    link: (id, account) => users.link(idOf(id), account),
    unlink: (id, account) => users.unlink(idOf(id), account),
    accounts: (id) => users.accounts(idOf(id)),
    keepTokens: (...args) => users.keepTokens(...args),
    keptTokens: (account) => users.keptTokens(account),
  };
}

function membersOf(user: User): Omit<User, "id"> {
  const { email, username, name, picture, emailVerified } = user;
  const { passwordHash, credentialsVersion, createdAt, disabledAt } = user;
  const credentials = { passwordHash, credentialsVersion, createdAt, disabledAt };
  return { email, username, name, picture, emailVerified, ...credentials };
}
