import type { OneTimeToken, Store } from "@latchkey/core/store";
import { type Cases, equal } from "../cases.ts";
import { digest, START } from "../samples.ts";

const CROWD = 64;
const LATER = START + 600;

export const tokenCases: Cases = {
  "returns a token unchanged, once": async ({ tokens }) => {
    const full = sampleToken("full", { data: { email: "a@example.com", nested: { list: [1, null, "x"] } } });
    const bare = sampleToken("bare", { userId: null });
    for (const token of [full, bare]) {
      await tokens.put(token);
      equal(await redeem(tokens, token), token, "redeem");
      equal(await redeem(tokens, token), null, "again");
    }
    equal(await tokens.redeem(digest("unknown"), "reset", START), null, "unknown");
  },

  "expires a token at the second of its expiry": async ({ tokens }) => {
    const token = sampleToken("late");
    await tokens.put(token);
    equal(await tokens.redeem(token.hash, token.purpose, LATER), null, "at the expiry");
    const early = sampleToken("early");
    await tokens.put(early);
    equal(await tokens.redeem(early.hash, early.purpose, LATER - 1), early, "one second before");
  },

  "redeems a token for its own purpose only": async ({ tokens }) => {
    const token = sampleToken("phone");
    await tokens.put(token);
    for (const purpose of ["verify", "", "RESET", "reset "]) {
      equal(await tokens.redeem(token.hash, purpose, START), null, `as ${JSON.stringify(purpose)}`);
    }
    equal(await redeem(tokens, token), token, "its own");
  },

  "revokes a user's tokens of one purpose, and no others": async ({ tokens }) => {
    const revoked = [sampleToken("one"), sampleToken("two")];
    const kept = [
      sampleToken("other purpose", { purpose: "verify" }),
      sampleToken("other user", { userId: "bob" }),
      sampleToken("no user", { userId: null }),
    ];
    for (const token of [...revoked, ...kept]) await tokens.put(token);
    await tokens.revoke("ann", "reset");
    await tokens.revoke("unknown", "reset");
    for (const token of revoked) equal(await redeem(tokens, token), null, "revoked");
    for (const token of kept) equal(await redeem(tokens, token), token, "kept");
  },

  "prunes expired tokens and marks": async ({ tokens }) => {
    const names = Array.from({ length: 40 }, (_, index) => `old ${index}`);
    for (const name of names) await tokens.put(sampleToken(name));
    const live = sampleToken("live", { expiresAt: LATER + 1 });
    await tokens.put(live);
    const spent = ["one", "two"].map((name) => digest(`spent ${name}`));
    for (const hash of spent) await tokens.spend(hash, "state", LATER, START);
    await tokens.spend(digest("spent live"), "state", LATER + 1, START);
    equal(await tokens.prune(LATER - 1), 0, "one second before");
    equal(await tokens.prune(LATER), names.length + spent.length, "at the expiry");
    equal(await tokens.prune(LATER), 0, "again");
    equal(await tokens.redeem(live.hash, live.purpose, LATER), live, "the live one");
    equal(await tokens.spend(digest("spent live"), "state", LATER + 9, LATER), false, "the live mark");
  },

  "marks a secret as used once, until it expires": async ({ tokens }) => {
    const [one, other] = [digest("one"), digest("other")];
    equal(await tokens.spend(one, "state", LATER, START), true, "first");
    equal(await tokens.spend(one, "state", LATER, START), false, "second");
    equal(await tokens.spend(one, "state", LATER + 600, LATER - 1), false, "one second before the expiry");
    equal(await tokens.spend(other, "state", LATER, START), true, "another secret");
    equal(await tokens.spend(one, "state", LATER + 600, LATER), true, "at the expiry");
    equal(await tokens.spend(one, "state", LATER + 600, LATER + 599), false, "until the new expiry");
    equal(await tokens.spend(digest("late"), "state", START, START), false, "expired from the start");
    equal(await tokens.spend(digest("late"), "state", START - 1, START), false, "expired before");
  },

  "does not redeem a used secret, and does not mark a stored token as used": async ({ tokens }) => {
    const hash = digest("spent");
    equal(await tokens.spend(hash, "reset", LATER, START), true, "spend");
    for (const purpose of ["reset", "", "spent", "state"]) {
      equal(await tokens.redeem(hash, purpose, START), null, `redeem as ${JSON.stringify(purpose)}`);
    }
    await tokens.revoke("ann", "reset");
    equal(await tokens.spend(hash, "reset", LATER, START), false, "after redeem and revoke");
    const token = sampleToken("token");
    await tokens.put(token);
    equal(await tokens.spend(token.hash, token.purpose, LATER, START), false, "a token");
    equal(await redeem(tokens, token), token, "the token is whole");
  },

  "64 callers, one spender": async ({ tokens }) => {
    for (const [round, at] of [START, START, LATER].entries()) {
      const hash = digest(round === 2 ? "round 0" : `round ${round}`);
      const crowd = Array.from({ length: CROWD }, () => tokens.spend(hash, "state", at + 600, at));
      equal((await Promise.all(crowd)).filter(Boolean).length, 1, "spenders");
    }
  },

  "64 callers, one redeemer": async ({ tokens }) => {
    for (const name of ["first", "second", "third"]) {
      const token = sampleToken(name);
      await tokens.put(token);
      const got = await Promise.all(Array.from({ length: CROWD }, () => redeem(tokens, token)));
      const winners = got.filter((one) => one !== null);
      equal(winners, [token], "redeemers");
    }
  },

  "redeem against revoke: one redeemer at most, and none afterwards": async ({ tokens }) => {
    for (let round = 0; round < 8; round++) {
      const token = sampleToken(`round ${round}`);
      await tokens.put(token);
      const [one, , two] = await Promise.all([
        redeem(tokens, token),
        tokens.revoke("ann", "reset"),
        redeem(tokens, token),
      ]);
      equal(one !== null && two !== null, false, "two redeemers");
      equal(await redeem(tokens, token), null, "afterwards");
    }
  },
};

function sampleToken(name: string, changes: Partial<OneTimeToken> = {}): OneTimeToken {
  return { hash: digest(name), purpose: "reset", userId: "ann", data: {}, expiresAt: LATER, ...changes };
}

function redeem(tokens: Store["tokens"], { hash, purpose }: OneTimeToken): Promise<OneTimeToken | null> {
  return tokens.redeem(hash, purpose, START);
}
