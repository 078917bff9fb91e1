import type { LinkedAccount, UserStore } from "@latchkey/core/store";
import { type Call, digestName } from "./call.ts";
import { type Holds, hold, letGo } from "./holder.ts";
import { userObject } from "./sessions.ts";

type Accounts = Pick<
  UserStore,
  "findByAccount" | "link" | "unlink" | "accounts" | "keepTokens" | "keptTokens"
>;

/** Linked accounts: the user's row of a link is written first, and who holds the account after. */
export function objectAccounts(call: Call): Accounts {
  const linkedTo =
    (account: LinkedAccount): Holds =>
    async (id) =>
      (await call(userObject(id), "users.findByAccount", account))?.id === id;

  return {
    findByAccount: async (account) => {
      const claim = await call(await accountObject(account), "holder.get");
      if (claim === null || !(await linkedTo(account)(claim.userId))) return null;
      return call(userObject(claim.userId), "users.get", claim.userId);
    },

    link: async (id, account) => {
      const object = await accountObject(account);
      if (!(await call(userObject(id), "users.link", id, account))) {
        // A link whose second half was lost is made whole; any other is taken.
        if ((await call(object, "holder.get")) !== null || !(await linkedTo(account)(id))) return false;
      }
      if (await hold(call, object, id, linkedTo(account))) return true;
      await call(userObject(id), "users.unlink", id, account);
      return false;
    },

    unlink: async (id, account) => {
      const unlink = (): Promise<boolean> => call(userObject(id), "users.unlink", id, account);
      return letGo(call, [await accountObject(account)], id, unlink);
    },

    accounts: (id) => call(userObject(id), "users.accounts", id),

    keepTokens: async (account, sealed) => {
      const claim = await call(await accountObject(account), "holder.get");
      if (claim === null) return false;
      return call(userObject(claim.userId), "users.keepTokens", account, sealed);
    },

    keptTokens: async (account) => {
      const claim = await call(await accountObject(account), "holder.get");
      return claim === null ? null : call(userObject(claim.userId), "users.keptTokens", account);
    },
  };
}

export function accountObject({ provider, subject }: LinkedAccount): Promise<string> {
  return digestName("account", JSON.stringify([provider, subject]));
}
