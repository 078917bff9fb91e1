import type { OneTimeToken, TokenStore } from "../tokens/store.ts";

export function memoryTokens(): TokenStore {
  const byHash = new Map<string, OneTimeToken>();
  const forget = (is: (token: OneTimeToken) => boolean): number => {
    const found = [...byHash.values()].filter(is);
    for (const { hash } of found) byHash.delete(hash);
    return found.length;
  };
  return {
    put: async (token) => {
      if (byHash.has(token.hash)) throw new Error("a token of this digest exists");
      byHash.set(token.hash, Object.freeze(structuredClone(token)));
    },

    redeem: async (hash, purpose, now) => {
      const token = byHash.get(hash);
      if (token === undefined || token.purpose !== purpose) return null;
      byHash.delete(hash);
      return now < token.expiresAt ? token : null;
    },

    revoke: async (userId, purpose) => {
      forget((token) => token.userId === userId && token.purpose === purpose);
    },

    prune: async (now) => forget((token) => token.expiresAt <= now),
  };
}
