import type { LinkedAccount, User, UserStore } from "@latchkey/core/store";
import type { Claims } from "./claims.ts";
import type { Connection } from "./connection.ts";
import { text, texts } from "./fields.ts";
import type { Names } from "./settings.ts";
import { linkMember, readLink, userOf } from "./user-fields.ts";
import * as lua from "./user-scripts.ts";

type Links = Pick<UserStore, "findByAccount" | "link" | "unlink" | "accounts" | "keepTokens" | "keptTokens">;

/** The accounts of users: a list in the slot of each user, and a claim on each account in its own slot. */
export function redisLinks(connection: Connection, names: Names, claims: Claims): Links {
  const run = (script: string, id: string, values: readonly (string | number)[]): Promise<unknown> =>
    connection.run(script, [names.user(id), names.links(id), names.linkTokens(id)], values);
  const linked = async (id: string, account: LinkedAccount): Promise<User | null> =>
    userOf(await run(lua.LINKED, id, [linkMember(account)]));

  return {
    findByAccount: async (account) => {
      const id = await claims.holder(names.account(account));
      return id === null ? null : linked(id, account);
    },

    link: async (id, account) => {
      const key = names.account(account);
      const isHeldBy = async (holder: string): Promise<boolean> => (await linked(holder, account)) !== null;
      const granted = await claims.claimAll(id, [{ key, isHeldBy }]);
      if (granted === null) return false;
      if ((await run(lua.LINK, id, [linkMember(account), granted.deadline ?? 0])) === 1) return true;
      await claims.release(granted.claims);
      return false;
    },

    unlink: async (id, account) => {
      const held = await claims.held([names.account(account)], id);
      if ((await run(lua.UNLINK, id, [linkMember(account)])) !== 1) return false;
      await claims.release(held);
      return true;
    },

    accounts: async (id) => texts("links", await run(lua.LINKS, id, [])).map(readLink),

    keepTokens: async (account, sealed) => {
      const id = await claims.holder(names.account(account));
      if (id === null) return false;
      const values = sealed === null ? [] : [sealed];
      return (await run(lua.KEEP_TOKENS, id, [linkMember(account), ...values])) === 1;
    },

    keptTokens: async (account) => {
      const id = await claims.holder(names.account(account));
      const kept = id === null ? null : await run(lua.KEPT_TOKENS, id, [linkMember(account)]);
      return kept === null ? null : text("tokens", kept);
    },
  };
}
