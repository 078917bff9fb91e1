import type { LinkedAccount, UserId, UserStore } from "@latchkey/core/store";
import { type Call, digestName } from "./call.ts";
import { becomeHolder, removeAndRelease } from "./holder.ts";
import { userObject } from "./sessions.ts";

type Accounts = Pick<
  UserStore,
  "findByAccount" | "link" | "unlink" | "accounts" | "keepTokens" | "keptTokens"
>;

/** Linked accounts: the link is written to the object of the user first, and then the user claims the account's object. */
export function objectAccounts(call: Call): Accounts {
  return {
    findByAccount: async (account) => {
      const claim = await call(await accountObject(account), "holder.get");
      if (claim === null || !(await isLinkedTo(call, account, claim.userId))) return null;
      return call(userObject(claim.userId), "users.get", claim.userId);
    },
    link: (id, account) => link(call, id, account),
    unlink: async (id, account) =>
      removeAndRelease(call, [await accountObject(account)], id, () => unlinkRow(call, id, account)),
    accounts: (id) => call(userObject(id), "users.accounts", id),
    ...keptTokens(call),
  };
}

async function link(call: Call, id: UserId, account: LinkedAccount): Promise<boolean> {
  const object = await accountObject(account);
  if (!(await call(userObject(id), "users.link", id, account))) {
    // An earlier call may have written the link and failed before its claim; this call then completes it.
    const isHeld = (await call(object, "holder.get")) !== null;
    if (isHeld || !(await isLinkedTo(call, account, id))) return false;
  }
  if (await becomeHolder(call, object, id, (holder) => isLinkedTo(call, account, holder))) return true;
  await unlinkRow(call, id, account);
  return false;
}

function keptTokens(call: Call): Pick<Accounts, "keepTokens" | "keptTokens"> {
  return {
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

/** Whether the row of the user has the link. */
async function isLinkedTo(call: Call, account: LinkedAccount, id: UserId): Promise<boolean> {
  return (await call(userObject(id), "users.findByAccount", account))?.id === id;
}

function unlinkRow(call: Call, id: UserId, account: LinkedAccount): Promise<boolean> {
  return call(userObject(id), "users.unlink", id, account);
}

export function accountObject({ provider, subject }: LinkedAccount): Promise<string> {
  return digestName("account", JSON.stringify([provider, subject]));
}
