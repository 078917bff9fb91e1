import { memory } from "@latchkey/core/memory";
import type { Cases, MakeStore, MakeUsers, Runner } from "./cases.ts";
import { accountCases } from "./contract/accounts.ts";
import { changeEmailCases } from "./contract/change-email.ts";
import { confirmCases } from "./contract/confirm.ts";
import { createCases } from "./contract/create.ts";
import { endCases, pruneCases } from "./contract/end.ts";
import { feedCases } from "./contract/feed.ts";
import { feedPageCases } from "./contract/feed-pages.ts";
import { keptTokenCases } from "./contract/kept-tokens.ts";
import { keyCases } from "./contract/keys.ts";
import { listUserCases } from "./contract/list-users.ts";
import { raceCases, userRaceCases } from "./contract/races.ts";
import { readCases, updateCases } from "./contract/read.ts";
import { rotateCases } from "./contract/rotate.ts";
import { slotCases } from "./contract/slots.ts";
import { stringCases } from "./contract/strings.ts";
import { throttleCases } from "./contract/throttle.ts";
import { tokenCases } from "./contract/tokens.ts";
import { userCases } from "./contract/users.ts";
import { nameUsers } from "./named-users.ts";
import { runTrace } from "./trace.ts";

const parts: Readonly<Record<string, Cases>> = {
  "sessions.create": createCases,
  "sessions.get and list": readCases,
  "sessions.rotate": rotateCases,
  "sessions.confirm": confirmCases,
  "sessions.update": updateCases,
  "sessions.end and endAll": endCases,
  "sessions.prune": pruneCases,
  "the feed of ended sessions": feedCases,
  "sessions.endedSince": feedPageCases,
  users: userCases,
  "users.changeEmail": changeEmailCases,
  "users.list": listUserCases,
  "linked accounts": accountCases,
  "kept tokens": keptTokenCases,
  keys: keyCases,
  "one-time tokens": tokenCases,
  "tokens in slots": slotCases,
  throttle: throttleCases,
  "strings of all kinds": stringCases,
  races: { ...raceCases, ...userRaceCases },
};

const userParts: Readonly<Record<string, Cases>> = {
  users: userCases,
  "users.changeEmail": changeEmailCases,
  "linked accounts": accountCases,
  "kept tokens": keptTokenCases,
  races: userRaceCases,
};

const TRACE_STEPS = 300;

/**
 * Declares the contract of a `Store`, with races, in any test runner. Each case gets its own store, which must be empty and
 * use the caller's `now`.
 *
 * It does not check durability, or several processes on one database. Test those with the real database.
 */
export function describeStore(runner: Runner, name: string, makeStore: MakeStore): void {
  runner.describe(`store contract: ${name}`, () => {
    for (const [part, cases] of Object.entries(parts)) {
      runner.describe(part, () => declare(runner, cases, makeStore));
    }
    runner.it("equals `decide` on a random trace", async () => {
      await runTrace({ seed: Math.floor(Math.random() * 2 ** 32), steps: TRACE_STEPS, makeStore });
    });
  });
}

/**
 * Declares the part of the contract that a `UserStore` of an application must meet, with races, in any test runner. Each case gets an
 * empty store. Its `create` may return ids of its own, and its users may have more members.
 *
 * It does not check `list`, or several processes on one database.
 */
export function describeUsers(runner: Runner, name: string, makeUsers: MakeUsers): void {
  runner.describe(`user contract: ${name}`, () => {
    for (const [part, cases] of Object.entries(userParts)) {
      runner.describe(part, () => {
        declare(runner, cases, async () => {
          const { users, ...rest } = await makeUsers();
          return { ...rest, store: { ...memory(), users: nameUsers(users) } };
        });
      });
    }
  });
}

function declare({ it }: Runner, cases: Cases, makeStore: MakeStore): void {
  for (const [title, check] of Object.entries(cases)) {
    it(title, async () => {
      const { store, close } = await makeStore();
      try {
        await check(store);
      } finally {
        await close?.();
      }
    });
  }
}
