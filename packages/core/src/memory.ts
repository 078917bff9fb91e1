import type { KeyStore, VersionedDocument } from "./keys/keys.ts";
import { memorySessions } from "./memory/sessions.ts";
import { memoryUsers } from "./memory/users.ts";
import type { Store } from "./store.ts";
import { localThrottle } from "./throttle/local.ts";
import { decideSlot, type OneTimeToken, type SlotToken, type TokenStore } from "./users/one-time-token.ts";

/**
 * Makes a store in the memory of this process, for tests, demos and servers with one process. It loses all data when the
 * process ends. Every operation is synchronous, so all of them are atomic.
 *
 * It does not share data with other processes, and it keeps ended sessions until `prune`.
 */
export function memory(): Store {
  const users = memoryUsers();
  return {
    sessions: memorySessions(users),
    users,
    keys: memoryKeys(),
    tokens: memoryTokens(),
    throttle: localThrottle(),
  };
}

/** A token, or the mark of a used secret. */
type Kept = OneTimeToken | { readonly spent: true; readonly hash: string; readonly expiresAt: number };

function memoryTokens(): TokenStore {
  const byHash = new Map<string, Kept>();
  const slots = memorySlots();
  const forget = (is: (kept: Kept) => boolean): number => {
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
      if (token === undefined || "spent" in token || token.purpose !== purpose) return null;
      byHash.delete(hash);
      return now < token.expiresAt ? token : null;
    },

    spend: async (hash, _purpose, expiresAt, now) => {
      const before = byHash.get(hash);
      if (expiresAt <= now || (before !== undefined && now < before.expiresAt)) return false;
      byHash.set(hash, Object.freeze({ spent: true, hash, expiresAt }));
      return true;
    },

    revoke: async (userId, purpose) => {
      forget((kept) => !("spent" in kept) && kept.userId === userId && kept.purpose === purpose);
    },

    ...slots.operations,

    prune: async (now) => forget((kept) => kept.expiresAt <= now) + slots.prune(now),
  };
}

/** The tokens in slots. */
interface Slots {
  readonly operations: Pick<TokenStore, "fillSlot" | "readSlot" | "redeemSlot">;
  prune(now: number): number;
}

function memorySlots(): Slots {
  const bySlot = new Map<string, SlotToken>();
  return {
    operations: {
      fillSlot: async (token) => void bySlot.set(token.slot, Object.freeze(structuredClone(token))),
      readSlot: async (slot, now) => {
        const token = bySlot.get(slot);
        return token !== undefined && now < token.expiresAt ? structuredClone(token) : null;
      },
      redeemSlot: async (slot, secret, now) => {
        const { redeemed, stays } = decideSlot(bySlot.get(slot) ?? null, secret, now);
        if (stays === null) bySlot.delete(slot);
        else bySlot.set(slot, Object.freeze(stays));
        return redeemed;
      },
    },
    prune(now) {
      const expired = [...bySlot.values()].filter(({ expiresAt }) => expiresAt <= now);
      for (const { slot } of expired) bySlot.delete(slot);
      return expired.length;
    },
  };
}

function memoryKeys(): KeyStore {
  let saved: VersionedDocument | null = null;
  return {
    load: async () => saved,
    save: async (ifVersion, document) => {
      if ((saved?.version ?? 0) !== ifVersion) return false;
      saved = Object.freeze({ version: ifVersion + 1, document });
      return true;
    },
  };
}
