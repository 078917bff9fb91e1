import { badAnswer } from "../platform/callback-answer.ts";
import { withTimeout } from "../platform/env.ts";
import { AuthError, faultName } from "../platform/errors.ts";
import type { Seconds } from "../platform/time.ts";
import type { Emit } from "../sessions/events.ts";
import type { Store } from "../store.ts";
import type { UserStore } from "../users/user.ts";
import {
  ACCOUNTS,
  ALL_ENDED,
  COUNT,
  CREATED,
  DOCUMENT,
  ENDED,
  FLAG,
  faultOfAnswer,
  NOTHING,
  ROTATED,
  ROW,
  ROWS,
  redeemed,
  type StoreAnswer,
  TEXT,
  TIMED_ROW,
  USER,
  VERDICT,
} from "./store-answers.ts";

type Guard = <T>(operation: string, expected: StoreAnswer, call: () => Promise<T>) => Promise<T>;

function guard(timeout: Seconds, emit: Emit): Guard {
  return async (operation, expected, call) => {
    try {
      // Called inside the try: a store that throws instead of rejecting fails the same way.
      const answer = await withTimeout(call(), timeout, () => new AuthError("store_unavailable"));
      const fault = faultOfAnswer(answer, expected);
      if (fault !== null) throw badAnswer(operation, fault, expected.expected);
      return answer;
    } catch (error) {
      emit({ type: "store.failed", operation, error: faultName(error) });
      throw error instanceof AuthError ? error : new AuthError("store_unavailable");
    }
  };
}

/**
 * Wraps a store so that every call ends within `timeout`, and every failure of the store is `store_unavailable`: one
 * code for what can be tried again, and nothing of the driver's own words. An answer that the contract does not know is
 * `internal_error`: to try again mends no store, and the limits that let pass while a store is down must not.
 */
export function guardStore(store: Store, users: UserStore, timeout: Seconds, emit: Emit): Store {
  const run = guard(timeout, emit);
  const { sessions, keys, tokens, throttle } = store;
  return {
    sessions: {
      users: sessions.users,
      create: (...args) => run("sessions.create", CREATED, () => sessions.create(...args)),
      get: (...args) => run("sessions.get", TIMED_ROW, () => sessions.get(...args)),
      rotate: (...args) => run("sessions.rotate", ROTATED, () => sessions.rotate(...args)),
      confirm: (...args) => run("sessions.confirm", FLAG, () => sessions.confirm(...args)),
      list: (...args) => run("sessions.list", ROWS, () => sessions.list(...args)),
      update: (...args) => run("sessions.update", ROW, () => sessions.update(...args)),
      end: (...args) => run("sessions.end", ENDED, () => sessions.end(...args)),
      endAll: (...args) => run("sessions.endAll", ALL_ENDED, () => sessions.endAll(...args)),
      prune: (...args) => run("sessions.prune", COUNT, () => sessions.prune(...args)),
    },
    users: {
      create: (...args) => run("users.create", FLAG, () => users.create(...args)),
      get: (...args) => run("users.get", USER, () => users.get(...args)),
      find: (...args) => run("users.find", USER, () => users.find(...args)),
      update: (...args) => run("users.update", USER, () => users.update(...args)),
      delete: (...args) => run("users.delete", FLAG, () => users.delete(...args)),
      findByAccount: (...args) => run("users.findByAccount", USER, () => users.findByAccount(...args)),
      link: (...args) => run("users.link", FLAG, () => users.link(...args)),
      unlink: (...args) => run("users.unlink", FLAG, () => users.unlink(...args)),
      // Users of the application's own need no links where there are no providers.
      accounts: (...args) =>
        typeof users.accounts === "function"
          ? run("users.accounts", ACCOUNTS, () => users.accounts(...args))
          : Promise.resolve([]),
      keepTokens: (...args) => run("users.keepTokens", FLAG, () => users.keepTokens(...args)),
      keptTokens: (...args) => run("users.keptTokens", TEXT, () => users.keptTokens(...args)),
    },
    keys: {
      load: () => run("keys.load", DOCUMENT, () => keys.load()),
      save: (...args) => run("keys.save", FLAG, () => keys.save(...args)),
    },
    tokens: {
      put: (...args) => run("tokens.put", NOTHING, () => tokens.put(...args)),
      redeem: (hash, purpose, now) =>
        run("tokens.redeem", redeemed(hash, purpose), () => tokens.redeem(hash, purpose, now)),
      spend: (...args) => run("tokens.spend", FLAG, () => tokens.spend(...args)),
      revoke: (...args) => run("tokens.revoke", NOTHING, () => tokens.revoke(...args)),
      prune: (...args) => run("tokens.prune", COUNT, () => tokens.prune(...args)),
    },
    throttle: {
      hit: (...args) => run("throttle.hit", VERDICT, () => throttle.hit(...args)),
      reset: (...args) => run("throttle.reset", NOTHING, () => throttle.reset(...args)),
    },
  };
}
