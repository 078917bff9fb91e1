import type { Store } from "@latchkey/core";
import { newStore } from "./store.ts";

/** What happens to a call before the store sees it; `null` lets it pass. */
export type Fault = (operation: string) => Promise<unknown> | null;

/** Wraps a store so that every call goes by `fault` first, under its name, such as `sessions.rotate`. */
export function faultyStore(fault: Fault, inner: Store = newStore()): Store {
  const users = guarded("users", inner.users, fault);
  const sessions = guarded("sessions", inner.sessions, fault);
  return {
    // The users part stays the one that the sessions know.
    sessions: { ...bound(sessions), users },
    users,
    keys: guarded("keys", inner.keys, fault),
    tokens: guarded("tokens", inner.tokens, fault),
    throttle: guarded("throttle", inner.throttle, fault),
  };
}

/** A store that notes the name of every call. */
export function countingStore(inner: Store = newStore()): {
  readonly store: Store;
  readonly calls: readonly string[];
} {
  const calls: string[] = [];
  const note = (operation: string): null => {
    calls.push(operation);
    return null;
  };
  return { store: faultyStore(note, inner), calls };
}

function guarded<T extends object>(part: string, inner: T, fault: Fault): T {
  return new Proxy(inner, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== "function") return member;
      return (...parameters: unknown[]) => {
        const faulty = fault(`${part}.${String(name)}`);
        return faulty ?? member.apply(target, parameters);
      };
    },
  });
}

function bound(sessions: Store["sessions"]): Omit<Store["sessions"], "users"> {
  const { create, get, rotate, confirm, list, update, end, endAll, prune } = sessions;
  return { create, get, rotate, confirm, list, update, end, endAll, prune };
}
