import type { Identifier, User, UserId, UserStore } from "@latchkey/core/store";
import { accountObject, objectAccounts } from "./accounts.ts";
import { type Call, digestName } from "./call.ts";
import { type Holds, hold, letGo } from "./holder.ts";
import { userObject } from "./sessions.ts";

/**
 * Users live in their own objects; who holds an identifier or an account is kept in an object of its own. The user's
 * row is written first and deleted first, so a holder without the row is one that never was, or is no more.
 */
export function objectUsers(call: Call): UserStore {
  const get = (id: UserId): Promise<User | null> => call(userObject(id), "users.get", id);
  const heldAs =
    (identifier: Identifier): Holds =>
    async (id) =>
      has(await get(id), identifier);

  return {
    get,

    create: async (user) => {
      if (!(await call(userObject(user.id), "users.create", user))) return false;
      const held: string[] = [];
      for (const identifier of identifiersOf(user)) {
        held.push(await identifierObject(identifier));
        if (await hold(call, held.at(-1) ?? "", user.id, heldAs(identifier))) continue;
        await letGo(call, held, user.id, () => call(userObject(user.id), "users.delete", user.id));
        return false;
      }
      return true;
    },

    find: async (identifier) => {
      const claim = await call(await identifierObject(identifier), "holder.get");
      const user = claim === null ? null : await get(claim.userId);
      return has(user, identifier) ? user : null;
    },

    update: (id, ...rest) => call(userObject(id), "users.update", id, ...rest),

    delete: async (id) => {
      const user = await get(id);
      const accounts = await call(userObject(id), "users.accounts", id);
      if (user === null) return false;
      const held = [...identifiersOf(user).map(identifierObject), ...accounts.map(accountObject)];
      return letGo(call, await Promise.all(held), id, () => call(userObject(id), "users.delete", id));
    },

    ...objectAccounts(call),
  };
}

function identifiersOf({ email, username }: User): readonly Identifier[] {
  return [...(email === null ? [] : [{ email }]), ...(username === null ? [] : [{ username }])];
}

function has(user: User | null, identifier: Identifier): boolean {
  if (user === null) return false;
  return "email" in identifier ? user.email === identifier.email : user.username === identifier.username;
}

function identifierObject(identifier: Identifier): Promise<string> {
  return "email" in identifier
    ? digestName("email", identifier.email)
    : digestName("username", identifier.username);
}
