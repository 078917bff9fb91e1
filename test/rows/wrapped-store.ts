import type { Store } from "@latchkey/core/store";

/** What stands between a caller and one call of a store: `call` makes it happen. */
export type Between = <T>(operation: string, call: () => Promise<T>) => Promise<T>;

/** The same store with `between` around every call. */
export function wrapped({ sessions, users, keys, tokens, throttle }: Store, between: Between): Store {
  const wrappedUsers: Store["users"] = {
    create: (...args) => between("users.create", () => users.create(...args)),
    get: (...args) => between("users.get", () => users.get(...args)),
    find: (...args) => between("users.find", () => users.find(...args)),
    update: (...args) => between("users.update", () => users.update(...args)),
    delete: (...args) => between("users.delete", () => users.delete(...args)),
    findByAccount: (...args) => between("users.findByAccount", () => users.findByAccount(...args)),
    link: (...args) => between("users.link", () => users.link(...args)),
    unlink: (...args) => between("users.unlink", () => users.unlink(...args)),
    accounts: (...args) => between("users.accounts", () => users.accounts(...args)),
    keepTokens: (...args) => between("users.keepTokens", () => users.keepTokens(...args)),
    keptTokens: (...args) => between("users.keptTokens", () => users.keptTokens(...args)),
  };
  return {
    sessions: {
      // Users that were the store's own still are.
      users: sessions.users === users ? wrappedUsers : sessions.users,
      create: (...args) => between("sessions.create", () => sessions.create(...args)),
      get: (...args) => between("sessions.get", () => sessions.get(...args)),
      rotate: (...args) => between("sessions.rotate", () => sessions.rotate(...args)),
      confirm: (...args) => between("sessions.confirm", () => sessions.confirm(...args)),
      list: (...args) => between("sessions.list", () => sessions.list(...args)),
      update: (...args) => between("sessions.update", () => sessions.update(...args)),
      end: (...args) => between("sessions.end", () => sessions.end(...args)),
      endAll: (...args) => between("sessions.endAll", () => sessions.endAll(...args)),
      prune: (...args) => between("sessions.prune", () => sessions.prune(...args)),
    },
    users: wrappedUsers,
    keys: {
      load: () => between("keys.load", () => keys.load()),
      save: (...args) => between("keys.save", () => keys.save(...args)),
    },
    tokens: {
      put: (...args) => between("tokens.put", () => tokens.put(...args)),
      redeem: (...args) => between("tokens.redeem", () => tokens.redeem(...args)),
      spend: (...args) => between("tokens.spend", () => tokens.spend(...args)),
      revoke: (...args) => between("tokens.revoke", () => tokens.revoke(...args)),
      prune: (...args) => between("tokens.prune", () => tokens.prune(...args)),
    },
    throttle: {
      hit: (...args) => between("throttle.hit", () => throttle.hit(...args)),
      reset: (...args) => between("throttle.reset", () => throttle.reset(...args)),
    },
  };
}

/** A store that writes down which calls it gets. */
export function counted(store: Store): { readonly store: Store; readonly calls: string[] } {
  const calls: string[] = [];
  const between: Between = (operation, call) => {
    calls.push(operation);
    return call();
  };
  return { store: wrapped(store, between), calls };
}
