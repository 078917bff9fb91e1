import { describe, requireBoolean, wrongResult } from "../callback.ts";
import { withTimeout } from "../env.ts";
import { AuthError, faultName } from "../errors.ts";
import type { Emit } from "../sessions/events.ts";
import type { Store } from "../store.ts";
import type { ThrottleVerdict } from "../throttle/decide.ts";
import type { Seconds } from "../time.ts";
import type { User, UserStore } from "../users/store.ts";

/** The parts of a store that is never waited for too long. */
export interface GuardedStore<U extends User> extends Store {
  readonly users: UserStore<U>;
}

/**
 * Wraps a store so that every call ends within `timeout`, and every failure of the store is `store_unavailable`: one
 * code for what can be tried again, and nothing of the driver's own words. Where a result decides who gets in, one of
 * another type than the contract's is `internal_error`, which names the operation.
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
  const yesOrNo = (operation: string, call: () => Promise<boolean>): Promise<boolean> =>
    run(operation, async () => requireBoolean(operation, await call()));
  const { sessions, keys, tokens, throttle } = store;
  return {
    sessions: {
      users: sessions.users,
      create: (...args) => run("sessions.create", () => sessions.create(...args)),
      get: (...args) => run("sessions.get", () => sessions.get(...args)),
      rotate: (...args) => run("sessions.rotate", () => sessions.rotate(...args)),
      confirm: (...args) => yesOrNo("sessions.confirm", () => sessions.confirm(...args)),
      list: (...args) => run("sessions.list", () => sessions.list(...args)),
      update: (...args) => run("sessions.update", () => sessions.update(...args)),
      end: (...args) => run("sessions.end", () => sessions.end(...args)),
      endAll: (...args) => run("sessions.endAll", () => sessions.endAll(...args)),
      prune: (...args) => run("sessions.prune", () => sessions.prune(...args)),
    },
    users: guardUsers(users, run),
    keys: {
      load: () => run("keys.load", () => keys.load()),
      save: (...args) => yesOrNo("keys.save", () => keys.save(...args)),
    },
    tokens: {
      put: (...args) => run("tokens.put", () => tokens.put(...args)),
      redeem: (...args) => run("tokens.redeem", () => tokens.redeem(...args)),
      spend: (...args) => yesOrNo("tokens.spend", () => tokens.spend(...args)),
      revoke: (...args) => run("tokens.revoke", () => tokens.revoke(...args)),
      prune: (...args) => run("tokens.prune", () => tokens.prune(...args)),
    },
    throttle: {
      hit: (...args) => run("throttle.hit", async () => requireVerdict(await throttle.hit(...args))),
      reset: (...args) => run("throttle.reset", () => throttle.reset(...args)),
    },
  };
}

type Run = <T>(operation: string, call: () => Promise<T>) => Promise<T>;

function guardUsers<U extends User>(users: UserStore<U>, run: Run): UserStore<U> {
  const yesOrNo = (operation: string, call: () => Promise<boolean>): Promise<boolean> =>
    run(operation, async () => requireBoolean(operation, await call()));
  const user = (operation: string, call: () => Promise<U | null>): Promise<U | null> =>
    run(operation, async () => requireUser(operation, await call()));
  return {
    create: (...args) => yesOrNo("users.create", () => users.create(...args)),
    get: (...args) => user("users.get", () => users.get(...args)),
    find: (...args) => user("users.find", () => users.find(...args)),
    update: (...args) => user("users.update", () => users.update(...args)),
    delete: (...args) => yesOrNo("users.delete", () => users.delete(...args)),
    findByAccount: (...args) => user("users.findByAccount", () => users.findByAccount(...args)),
    link: (...args) => yesOrNo("users.link", () => users.link(...args)),
    unlink: (...args) => yesOrNo("users.unlink", () => users.unlink(...args)),
    // Users of the application's own need no links where there are no providers.
    accounts: (...args) =>
      typeof users.accounts === "function"
        ? run("users.accounts", () => users.accounts(...args))
        : Promise.resolve([]),
    keepTokens: (...args) => yesOrNo("users.keepTokens", () => users.keepTokens(...args)),
    keptTokens: (...args) => run("users.keptTokens", () => users.keptTokens(...args)),
  };
}

/** The members of a user that decide who gets in, and what each must be. */
const DECISIVE: Readonly<Record<string, (value: unknown) => boolean>> = {
  id: (value) => typeof value === "string" && value !== "",
  credentialsVersion: Number.isInteger,
  disabledAt: (value) => value === null || typeof value === "number",
  emailVerified: (value) => typeof value === "boolean",
  passwordHash: (value) => value === null || typeof value === "string",
};

function requireUser<U extends User>(operation: string, user: U | null): U | null {
  if (user === null) return null;
  if (typeof user !== "object") throw wrongResult(operation, describe(user), "a user or null");
  const wrong = Object.entries(DECISIVE).find(([name, isRight]) => !isRight(Reflect.get(user, name)));
  if (wrong === undefined) return user;
  const [name] = wrong;
  const found = `a user whose ${name} is ${describe(Reflect.get(user, name))}`;
  throw wrongResult(operation, found, "a User as the contract of UserStore has it");
}

function requireVerdict(verdict: ThrottleVerdict): ThrottleVerdict {
  const isVerdict = typeof verdict === "object" && verdict !== null && typeof verdict.allowed === "boolean";
  if (isVerdict) return verdict;
  throw wrongResult("throttle.hit", describe(verdict), "{ allowed: true } or { allowed: false, retryAfter }");
}
