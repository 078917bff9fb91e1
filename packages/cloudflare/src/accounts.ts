import type { LinkedAccount, UserStore } from "@latchkey/core/store";
import { type Call, digestName } from "./call.ts";
import { becomeHolder, type IsHeldBy, removeAndRelease } from "./holder.ts";
import { userObject } from "./sessions.ts";

type Accounts = Pick<
  UserStore,
  "findByAccount" | "link" | "unlink" | "accounts" | "keepTokens" | "keptTokens"
>;

/** Linked accounts: the link is written to the object of the user first, and then the user claims the account's object. */
export function objectAccounts(call: Call): Accounts {
  const isLinkedTo =
    (account: LinkedAccount): IsHeldBy =>
    async (id) =>
      (await call(userObject(id), "users.findByAccount", account))?.id === id;

  return {
    findByAccount: async (account) => {
      const claim = await call(await accountObject(account), "holder.get");
      if (claim === null || !(await isLinkedTo(account)(claim.userId))) return null;
      return call(userObject(claim.userId), "users.get", claim.userId);
    },

    link: async (id, account) => {
      const object = await accountObject(account);
      if (!(await call(userObject(id), "users.link", id, account))) {
        // An earlier call may have written the link and failed before its claim; this call then completes it.
        if ((await call(object, "holder.get")) !== null || !(await isLinkedTo(account)(id))) return false;
      }
      if (await becomeHolder(call, object, id, isLinkedTo(account))) return true;
      await call(userObject(id), "users.unlink", id, account);
      return false;
    },

    unlink: async (id, account) => {
      const unlink = (): Promise<boolean> => call(userObject(id), "users.unlink", id, account);
      return removeAndRelease(call, [await accountObject(account)], id, unlink);
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
