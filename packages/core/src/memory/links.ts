import type { LinkedAccount } from "../users/store.ts";

/** Which user holds which account of a provider; each account has one holder at most. */
export interface Links {
  holder(account: LinkedAccount): string | undefined;
  of(userId: string): readonly LinkedAccount[];
  add(userId: string, account: LinkedAccount): boolean;
  remove(userId: string, account: LinkedAccount): boolean;
  forget(userId: string): void;
  keep(account: LinkedAccount, sealed: string | null): boolean;
  kept(account: LinkedAccount): string | null;
}

interface Link {
  readonly userId: string;
  readonly account: LinkedAccount;
  readonly sealed: string | null;
}

export function memoryLinks(): Links {
  const holders = new Map<string, Link>();
  return {
    holder: (account) => holders.get(keyOf(account))?.userId,
    of: (userId) =>
      [...holders.values()].filter((link) => link.userId === userId).map((link) => link.account),
    add: (userId, { provider, subject }) => {
      const key = keyOf({ provider, subject });
      if (holders.has(key)) return false;
      holders.set(key, { userId, account: Object.freeze({ provider, subject }), sealed: null });
      return true;
    },
    remove: (userId, account) =>
      holders.get(keyOf(account))?.userId === userId && holders.delete(keyOf(account)),
    forget: (userId) => {
      for (const [key, link] of holders) if (link.userId === userId) holders.delete(key);
    },
    keep: (account, sealed) => {
      const link = holders.get(keyOf(account));
      if (link === undefined) return false;
      holders.set(keyOf(account), { ...link, sealed });
      return true;
    },
    kept: (account) => holders.get(keyOf(account))?.sealed ?? null,
  };
}

function keyOf({ provider, subject }: LinkedAccount): string {
  return JSON.stringify([provider, subject]);
}
