import type { LinkedAccount, User, UserStore } from "@latchkey/core/store";
import type { Claims } from "./claims.ts";
import type { Connection } from "./connection.ts";
import { text, texts } from "./fields.ts";
import type { Names } from "./settings.ts";
import { linkMember, readLink, userOf } from "./user-fields.ts";
import * as lua from "./user-scripts.ts";

type Values = readonly (string | number)[];
type Links = Pick<UserStore, "findByAccount" | "link" | "unlink" | "accounts" | "keepTokens" | "keptTokens">;

interface LinkParts {
  readonly names: Names;
  readonly claims: Claims;
  /** Runs a script on the keys of a user, with the text of an account first. */
  run(script: string, id: string, account: LinkedAccount, values?: Values): Promise<unknown>;
}

/** The accounts of users: a list in the slot of each user, and a claim on each account in its own slot. */
export function redisLinks(connection: Connection, names: Names, claims: Claims): Links {
  const keysOf = (id: string): string[] => [names.user(id), names.links(id), names.linkTokens(id)];
  const run: LinkParts["run"] = (script, id, account, values = []) =>
    connection.run(script, keysOf(id), [linkMember(account), ...values]);
  const parts: LinkParts = { names, claims, run };
  return {
    findByAccount: async (account) => {
      const id = await claims.holder(names.account(account));
      return id === null ? null : getIfLinked(parts, id, account);
    },
    link: (id, account) => link(parts, id, account),
    unlink: (id, account) => unlink(parts, id, account),
    accounts: async (id) => texts("links", await connection.run(lua.LINKS, keysOf(id), [])).map(readLink),
    ...keptTokens(parts),
  };
}

/** The user, if the links of the user have the account. */
async function getIfLinked({ run }: LinkParts, id: string, account: LinkedAccount): Promise<User | null> {
  return userOf(await run(lua.LINKED, id, account));
}

async function link(parts: LinkParts, id: string, account: LinkedAccount): Promise<boolean> {
  const { names, claims, run } = parts;
  const isHeldBy = async (holder: string): Promise<boolean> =>
    (await getIfLinked(parts, holder, account)) !== null;
  const granted = await claims.claimAll(id, [{ key: names.account(account), isHeldBy }]);
  if (granted === null) return false;
  if ((await run(lua.LINK, id, account, [granted.deadline ?? 0])) === 1) return true;
  await claims.release(granted.claims);
  return false;
}

async function unlink(
  { names, claims, run }: LinkParts,
  id: string,
  account: LinkedAccount,
): Promise<boolean> {
  const held = await claims.held([names.account(account)], id);
  if ((await run(lua.UNLINK, id, account)) !== 1) return false;
  await claims.release(held);
  return true;
}

function keptTokens({ names, claims, run }: LinkParts): Pick<Links, "keepTokens" | "keptTokens"> {
  return {
    keepTokens: async (account, sealed) => {
      const id = await claims.holder(names.account(account));
      if (id === null) return false;
      return (await run(lua.KEEP_TOKENS, id, account, sealed === null ? [] : [sealed])) === 1;
    },
    keptTokens: async (account) => {
      const id = await claims.holder(names.account(account));
      const kept = id === null ? null : await run(lua.KEPT_TOKENS, id, account);
      return kept === null ? null : text("tokens", kept);
    },
  };
}
