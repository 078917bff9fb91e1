import type { EpochSeconds, OneTimeToken, SecretHash, TokenStore } from "@latchkey/core/store";
import { type Call, digestName } from "./call.ts";
import { userObject } from "./sessions.ts";

/**
 * Each one-time token has its own object, which returns it once. A token of a user is also in the user's object, and
 * can be redeemed only while it is in both. Revoking removes it from the user's object. Each slot has its own object.
 */
export function objectTokens(call: Call): TokenStore {
  return {
    put: async (token) => {
      await call(await tokenObject(token.hash), "token.put", token);
      if (token.userId !== null) await call(userObject(token.userId), "tokens.put", token);
    },

    redeem: (hash, purpose, now) => redeem(call, hash, purpose, now),

    spend: async (hash, _purpose, expiresAt, now) =>
      call(await tokenObject(hash), "token.spend", expiresAt, now),

    fillSlot: async (token) => call(await slotObject(token.slot), "slot.fill", token),
    readSlot: async (slot, now) => call(await slotObject(slot), "slot.read", now),
    redeemSlot: async (slot, secret, now) => call(await slotObject(slot), "slot.redeem", secret, now),

    revoke: (userId, purpose) => call(userObject(userId), "tokens.revoke", userId, purpose),

    // The objects of a namespace cannot be listed. The alarm of each object deletes its token.
    prune: async () => 0,
  };
}

async function redeem(
  call: Call,
  hash: SecretHash,
  purpose: string,
  now: EpochSeconds,
): Promise<OneTimeToken | null> {
  const token = await call(await tokenObject(hash), "token.take", purpose, now);
  if (token === null || token.userId === null) return token;
  return call(userObject(token.userId), "tokens.redeem", hash, purpose, now);
}

function tokenObject(hash: string): Promise<string> {
  return digestName("token", hash);
}

function slotObject(slot: string): Promise<string> {
  return digestName("slot", slot);
}
