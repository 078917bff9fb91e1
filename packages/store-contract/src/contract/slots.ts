import type { SlotToken, Store } from "@latchkey/core/store";
import { type Cases, equal } from "../cases.ts";
import { digest, START } from "../samples.ts";

const LATER = START + 600;
const TRIES = 5;
const ROUNDS = 4;

export const slotCases: Cases = {
  "returns the token of a slot unchanged, and redeems it once": async ({ tokens }) => {
    const full = sampleSlot("full", { data: { email: "a@example.com", nested: { list: [1, null, "x"] } } });
    const bare = sampleSlot("bare", { userId: null, tries: TRIES });
    for (const token of [full, bare]) {
      await tokens.fillSlot(token);
      equal(await tokens.readSlot(token.slot, START), token, "read");
      equal(await tokens.readSlot(token.slot, START), token, "read again");
      equal(await redeem(tokens, token), token, "redeem");
      equal(await redeem(tokens, token), null, "again");
      equal(await tokens.readSlot(token.slot, START), null, "read afterwards");
    }
    equal(await tokens.readSlot(digest("unknown"), START), null, "an empty slot");
    equal(await tokens.redeemSlot(digest("unknown"), bare.secret, START), null, "redeem an empty slot");
  },

  "keeps the token of a slot as it was filled, whatever becomes of the objects": async ({ tokens }) => {
    const filled = { role: "reader" };
    const token = sampleSlot("ann", { data: filled });
    await tokens.fillSlot(token);
    filled.role = "admin";
    const read = await tokens.readSlot(token.slot, START);
    equal(read?.data, { role: "reader" }, "read");
    Object.assign(read?.data ?? {}, { role: "admin" });
    equal((await redeem(tokens, token))?.data, { role: "reader" }, "redeem");
  },

  "replaces the earlier token of a slot, and no other": async ({ tokens }) => {
    const first = sampleSlot("ann", { tries: 2, data: { first: true } });
    const other = sampleSlot("bob");
    const second = sampleSlot("ann", {
      secret: digest("newer"),
      purpose: "verify",
      tries: null,
      userId: null,
      expiresAt: LATER + 1,
    });
    for (const token of [first, other, second]) await tokens.fillSlot(token);
    equal(await redeem(tokens, first), null, "the replaced one");
    equal(await tokens.readSlot(first.slot, START), second, "read");
    equal(await redeem(tokens, second), second, "the newer one");
    equal(await redeem(tokens, other), other, "another slot");
    await tokens.fillSlot(first);
    equal(await redeem(tokens, first), first, "filled once more");
  },

  "expires the token of a slot at the second of its expiry": async ({ tokens }) => {
    const late = sampleSlot("late");
    await tokens.fillSlot(late);
    equal(await tokens.readSlot(late.slot, LATER), null, "read at the expiry");
    equal(await tokens.redeemSlot(late.slot, late.secret, LATER), null, "redeem at the expiry");
    const early = sampleSlot("early");
    await tokens.fillSlot(early);
    equal(await tokens.readSlot(early.slot, LATER - 1), early, "read one second before");
    equal(await tokens.redeemSlot(early.slot, early.secret, LATER - 1), early, "redeem one second before");
  },

  "keeps a token without a number of tries after wrong secrets": async ({ tokens }) => {
    const token = sampleSlot("link");
    await tokens.fillSlot(token);
    for (let n = 0; n < 20; n++) equal(await guess(tokens, token, n), null, "wrong");
    equal(await tokens.readSlot(token.slot, START), token, "read");
    equal(await redeem(tokens, token), token, "right");
  },

  "takes one try for each wrong secret, and the last one empties the slot": async ({ tokens }) => {
    const token = sampleSlot("code", { tries: TRIES });
    await tokens.fillSlot(token);
    for (let left = TRIES - 1; left > 0; left--) {
      equal(await guess(tokens, token, left), null, "wrong");
      equal(await tokens.readSlot(token.slot, START), { ...token, tries: left }, "tries left");
    }
    equal(await guess(tokens, token, 0), null, "the last try");
    equal(await tokens.readSlot(token.slot, START), null, "read afterwards");
    equal(await redeem(tokens, token), null, "right, too late");
    await tokens.fillSlot(token);
    for (let n = 1; n < TRIES; n++) await guess(tokens, token, n);
    equal(await redeem(tokens, token), { ...token, tries: 1 }, "right with the last try");
  },

  "prunes expired tokens of slots": async (store) => {
    const { tokens } = store;
    const names = Array.from({ length: 30 }, (_, index) => `old ${index}`);
    for (const name of names) await tokens.fillSlot(sampleSlot(name));
    const live = sampleSlot("live", { expiresAt: LATER + 1 });
    await tokens.fillSlot(live);
    const emptied = sampleSlot("emptied", { tries: 1 });
    await tokens.fillSlot(emptied);
    await guess(tokens, emptied, 0);
    const refilled = sampleSlot("old 0", { expiresAt: LATER + 1 });
    await tokens.fillSlot(refilled);
    equal(await tokens.prune(LATER - 1), 0, "one second before");
    equal(await tokens.prune(LATER), names.length - 1, "at the expiry");
    equal(await tokens.prune(LATER), 0, "again");
    for (const token of [live, refilled]) equal(await tokens.readSlot(token.slot, LATER), token, "live");
  },

  "keeps slots apart from other tokens": async ({ tokens }) => {
    const token = sampleSlot("ann");
    await tokens.fillSlot(token);
    equal(await tokens.redeem(token.slot, token.purpose, START), null, "redeemed by the slot");
    await tokens.revoke("ann", token.purpose);
    equal(await tokens.spend(token.slot, token.purpose, LATER, START), true, "spend");
    equal(await redeem(tokens, token), token, "redeem");
  },

  "50 right secrets at the same time, one redeemer": async ({ tokens }) => {
    for (const tries of [null, 1, TRIES, null]) {
      const token = sampleSlot("crowd", { tries });
      await tokens.fillSlot(token);
      const got = await Promise.all(Array.from({ length: 50 }, () => redeem(tokens, token)));
      const redeemed = got.filter((one) => one !== null);
      equal(redeemed, [token], "redeemers");
    }
  },

  "200 wrong secrets at the same time empty the slot": async ({ tokens }) => {
    const token = sampleSlot("code", { tries: TRIES });
    await tokens.fillSlot(token);
    const got = await Promise.all(Array.from({ length: 200 }, (_, n) => guess(tokens, token, n)));
    equal(
      got.every((one) => one === null),
      true,
      "wrong",
    );
    equal(await redeem(tokens, token), null, "right, too late");
    equal(await tokens.readSlot(token.slot, START), null, "read");
  },

  "wrong secrets below the limit take nothing from the right one at the same time": async ({ tokens }) => {
    for (let round = 0; round < ROUNDS; round++) {
      const token = sampleSlot(`code ${round}`, { tries: TRIES });
      await tokens.fillSlot(token);
      const [, , right] = await Promise.all([
        guess(tokens, token, 0),
        guess(tokens, token, 1),
        redeem(tokens, token),
        guess(tokens, token, 2),
        guess(tokens, token, 3),
      ]);
      equal({ ...right, tries: TRIES }, token, "right");
      equal(await redeem(tokens, token), null, "again");
    }
  },

  "counts every one of many wrong secrets at the same time": async ({ tokens }) => {
    const token = sampleSlot("code", { tries: 201 });
    await tokens.fillSlot(token);
    await Promise.all(Array.from({ length: 200 }, (_, n) => guess(tokens, token, n)));
    equal(await tokens.readSlot(token.slot, START), { ...token, tries: 1 }, "tries left");
  },

  "a newer token against wrong secrets: each is counted before or after the replacement": async ({
    tokens,
  }) => {
    for (let round = 0; round < ROUNDS; round++) {
      const first = sampleSlot("code", { tries: TRIES });
      const second = sampleSlot("code", { tries: 100, secret: digest(`newer ${round}`) });
      await tokens.fillSlot(first);
      const guesses = Array.from({ length: 16 }, (_, n) => guess(tokens, first, n));
      await Promise.all([...guesses.slice(0, 8), tokens.fillSlot(second), ...guesses.slice(8)]);
      const found = await tokens.readSlot(second.slot, START);
      equal({ ...found, tries: null }, { ...second, tries: null }, "the newer one");
      equal((found?.tries ?? 0) >= 84, true, "tries left");
      equal(await redeem(tokens, second), found, "redeem");
    }
  },
};

function sampleSlot(name: string, changes: Partial<SlotToken> = {}): SlotToken {
  return {
    slot: digest(`slot of ${name}`),
    purpose: "reset",
    secret: digest(`secret of ${name}`),
    tries: null,
    userId: "ann",
    data: {},
    expiresAt: LATER,
    ...changes,
  };
}

function redeem(tokens: Store["tokens"], { slot, secret }: SlotToken): Promise<SlotToken | null> {
  return tokens.redeemSlot(slot, secret, START);
}

/** Tries the n-th wrong secret. */
function guess(tokens: Store["tokens"], { slot }: SlotToken, n: number): Promise<SlotToken | null> {
  return tokens.redeemSlot(slot, digest(`wrong ${n}`), START);
}
