import { withTimeout } from "../env.ts";
import { AuthError, faultName } from "../errors.ts";
import type { Emit } from "../sessions/events.ts";
import type { Store } from "../store.ts";
import type { Seconds } from "../time.ts";
import type { User, UserStore } from "../users/store.ts";

/** The parts of a store that is never waited for too long. */
export interface GuardedStore<U extends User> extends Store {
  readonly users: UserStore<U>;
}

/**
 * Wraps a store so that every call ends within `timeout`, and every failure of the store is `store_unavailable`: one
 * code for what can be tried again, and nothing of the driver's own words.
 */
export function guardStore<U extends User>(
  store: Store,
  users: UserStore<U>,
  timeout: Seconds,
  emit: Emit,
): GuardedStore<U> {
  const run: Run = async (operation, call) => {
    try {
      // Called inside the try: a store that throws instead of rejecting fails the same way.
      return await withTimeout(call(), timeout, () => new AuthError("store_unavailable"));
    } catch (error) {
      emit({ type: "store.failed", operation, error: faultName(error) });
      throw error instanceof AuthError ? error : new AuthError("store_unavailable");
    }
  };
  const { sessions, keys, tokens, throttle } = store;
  return {
    sessions: {
      users: sessions.users,
      create: (...args) => run("sessions.create", () => sessions.create(...args)),
      get: (...args) => run("sessions.get", () => sessions.get(...args)),
      rotate: (...args) => run("sessions.rotate", () => sessions.rotate(...args)),
      confirm: (...args) => run("sessions.confirm", () => sessions.confirm(...args)),
      list: (...args) => run("sessions.list", () => sessions.list(...args)),
      update: (...args) => run("sessions.update", () => sessions.update(...args)),
      end: (...args) => run("sessions.end", () => sessions.end(...args)),
      endAll: (...args) => run("sessions.endAll", () => sessions.endAll(...args)),
      prune: (...args) => run("sessions.prune", () => sessions.prune(...args)),
    },
    users: guardUsers(users, run),
    keys: {
      load: () => run("keys.load", () => keys.load()),
      save: (...args) => run("keys.save", () => keys.save(...args)),
    },
    tokens: {
      put: (...args) => run("tokens.put", () => tokens.put(...args)),
      redeem: (...args) => run("tokens.redeem", () => tokens.redeem(...args)),
      spend: (...args) => run("tokens.spend", () => tokens.spend(...args)),
      revoke: (...args) => run("tokens.revoke", () => tokens.revoke(...args)),
      prune: (...args) => run("tokens.prune", () => tokens.prune(...args)),
    },
    throttle: {
      hit: (...args) => run("throttle.hit", () => throttle.hit(...args)),
      reset: (...args) => run("throttle.reset", () => throttle.reset(...args)),
    },
  };
}

type Run = <T>(operation: string, call: () => Promise<T>) => Promise<T>;

function guardUsers<U extends User>(users: UserStore<U>, run: Run): UserStore<U> {
  return {
    create: (...args) => run("users.create", () => users.create(...args)),
    get: (...args) => run("users.get", () => users.get(...args)),
    find: (...args) => run("users.find", () => users.find(...args)),
    update: (...args) => run("users.update", () => users.update(...args)),
    delete: (...args) => run("users.delete", () => users.delete(...args)),
    findByAccount: (...args) => run("users.findByAccount", () => users.findByAccount(...args)),
    link: (...args) => run("users.link", () => users.link(...args)),
    unlink: (...args) => run("users.unlink", () => users.unlink(...args)),
    // Users of the application's own need no links where there are no providers.
    accounts: (...args) =>
      typeof users.accounts === "function"
        ? run("users.accounts", () => users.accounts(...args))
        : Promise.resolve([]),
    keepTokens: (...args) => run("users.keepTokens", () => users.keepTokens(...args)),
    keptTokens: (...args) => run("users.keptTokens", () => users.keptTokens(...args)),
  };
}
