import { kindOf } from "../platform/callback-answer.ts";
import { isRecord } from "../platform/encoding.ts";
import { refuse } from "../platform/option-error.ts";
import type { Store } from "../store.ts";
import type { UserStore } from "../users/user.ts";

/** When users that live elsewhere need an operation: always, with a provider, where its tokens are kept, with `mail`, or never. */
export type Need = "always" | "provider" | "storeTokens" | "mail" | "optional";

type OperationsOf<Part> = Readonly<Record<Exclude<keyof Part, "users">, Need>>;

/** The operations of users: one that is not listed here is a type error. */
export const USER_OPERATIONS: OperationsOf<UserStore> = {
  create: "always",
  get: "always",
  find: "always",
  update: "always",
  delete: "always",
  findByAccount: "provider",
  link: "provider",
  unlink: "provider",
  accounts: "provider",
  keepTokens: "storeTokens",
  keptTokens: "storeTokens",
  changeEmail: "mail",
  list: "optional",
};

/** The same for every part of a store. */
const OPERATIONS: { readonly [Part in Exclude<keyof Store, "check">]: OperationsOf<Store[Part]> } = {
  sessions: {
    create: "always",
    get: "always",
    rotate: "always",
    confirm: "always",
    list: "always",
    update: "always",
    end: "always",
    endAll: "always",
    prune: "always",
    endedSince: "always",
  },
  users: USER_OPERATIONS,
  keys: { load: "always", save: "always" },
  tokens: {
    put: "always",
    redeem: "always",
    spend: "always",
    revoke: "always",
    fillSlot: "always",
    readSlot: "always",
    redeemSlot: "always",
    prune: "always",
  },
  throttle: { hit: "always", release: "always" },
};

const WHOLE: readonly Need[] = ["always", "provider", "storeTokens", "mail"];
const A_STORE = "pass a Store such as memory()";

/** Checks that a store has every operation, or without `users` every one but theirs. Throws a `TypeError`. */
export function checkStore(store: unknown, parts: { readonly users: boolean }): asserts store is Store {
  if (store === undefined) throw new TypeError(`store is missing: ${A_STORE}`);
  if (!isRecord(store) || kindOf(store) === "a promise")
    throw misplaced("store", store, `it must be a Store: ${A_STORE}`);
  for (const [part, operations] of Object.entries(OPERATIONS)) {
    const value = store[part];
    if (value === undefined) throw new TypeError(`store has no ${part}: ${A_STORE}`);
    if (!isRecord(value)) throw misplaced(`store.${part}`, value, `it must be a part of a Store: ${A_STORE}`);
    const missing = part === "users" && !parts.users ? null : missingOperation(value, operations, WHOLE);
    if (missing !== null) throw new TypeError(`store.${part} has no ${missing}: ${A_STORE}`);
  }
}

/** Checks that users that live elsewhere have what every configuration needs. Throws a `TypeError`. */
export function checkUsers(users: unknown): asserts users is UserStore {
  if (!isRecord(users))
    throw misplaced("users", users, "it must be a UserStore: leave it out for the store's");
  const missing = missingOperation(users, USER_OPERATIONS, ["always"]);
  if (missing !== null)
    throw new TypeError(`users has no ${missing}: add it, or leave out users for the store's`);
}

/** The first operation that a part of a store lacks of those that are needed, or null. */
export function missingOperation(
  part: object,
  operations: Readonly<Record<string, Need>>,
  needs: readonly Need[],
): string | null {
  const needed = Object.entries(operations).filter(([, need]) => needs.includes(need));
  return needed.find(([name]) => typeof Reflect.get(part, name) !== "function")?.[0] ?? null;
}

// A string in place of a store may be a connection string.
function misplaced(option: string, value: unknown, why: string): TypeError {
  if (typeof value === "string") return new TypeError(`${option} is ${kindOf(value)}, but ${why}`);
  return refuse(option, value, why);
}
