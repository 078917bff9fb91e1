import type { TokenStore } from "@latchkey/core/store";
import { type Call, digestName } from "./call.ts";
import { userObject } from "./sessions.ts";

/**
 * A one-time token lives in an object of its own, which hands it out once. One that is somebody's lives in the
 * user's object too, and must be in both to be redeemed: revoking takes it out of the user's.
 */
export function objectTokens(call: Call): TokenStore {
  return {
    put: async (token) => {
      await call(await tokenObject(token.hash), "token.put", token);
      if (token.userId !== null) await call(userObject(token.userId), "tokens.put", token);
    },

    redeem: async (hash, purpose, now) => {
      const token = await call(await tokenObject(hash), "token.take", purpose, now);
      if (token === null || token.userId === null) return token;
      return call(userObject(token.userId), "tokens.redeem", hash, purpose, now);
    },

    spend: async (hash, _purpose, expiresAt, now) =>
      call(await tokenObject(hash), "token.spend", expiresAt, now),

    revoke: (userId, purpose) => call(userObject(userId), "tokens.revoke", userId, purpose),

    // Nobody can list the objects of a namespace: each deletes its own token by its alarm.
    prune: async () => 0,
  };
}

function tokenObject(hash: string): Promise<string> {
  return digestName("token", hash);
}
