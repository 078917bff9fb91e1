import type { CallSettings } from "@latchkey/cloudflare";
import type { Store } from "@latchkey/core/store";
import type { Miniflare } from "miniflare";

export interface World extends Partial<CallSettings> {
  readonly world: string;
  /** Whether its objects die in the middle of rotations. */
  readonly fragile?: boolean;
  /** Which call of an object fails in each call of the store, and whether it is carried out all the same. */
  readonly failing?: { readonly call: number; readonly late: boolean };
}

/** Every operation of a store: a new one is a type error until it is here. */
const OPERATIONS: {
  readonly [Part in Exclude<keyof Store, "check">]: Readonly<
    Record<Exclude<keyof Store[Part], "users">, true>
  >;
} = {
  users: {
    create: true,
    get: true,
    find: true,
    update: true,
    delete: true,
    findByAccount: true,
    link: true,
    unlink: true,
    accounts: true,
    keepTokens: true,
    keptTokens: true,
    changeEmail: true,
    list: true,
  },
  sessions: {
    create: true,
    get: true,
    rotate: true,
    confirm: true,
    list: true,
    update: true,
    end: true,
    endAll: true,
    prune: true,
    endedSince: true,
  },
  keys: { load: true, save: true },
  tokens: {
    put: true,
    redeem: true,
    spend: true,
    revoke: true,
    fillSlot: true,
    readSlot: true,
    redeemSlot: true,
    prune: true,
  },
  throttle: { hit: true, release: true },
};

/** A store whose every call is carried out by `durableObjects` in the Worker, in a world of objects of its own. */
export function bridged(
  workerd: Miniflare,
  { world, fragile = false, failing, clock = "caller", keepEnded = false }: World,
): Store {
  const settings: CallSettings = { clock, keepEnded };
  const send = async (part: string, method: string, args: readonly unknown[]): Promise<unknown> =>
    ask(workerd, { world, fragile, failing: failing ?? null, settings, part, method, args });

  function part<Part extends Exclude<keyof Store, "check">>(name: Part): Store[Part] {
    const methods = Object.keys(OPERATIONS[name]);
    const bridge = methods.map((method) => [method, (...args: unknown[]) => send(name, method, args)]);
    return Object.fromEntries(bridge);
  }

  const users = part("users");
  return {
    sessions: { ...part("sessions"), users },
    users,
    keys: part("keys"),
    tokens: part("tokens"),
    throttle: part("throttle"),
  };
}

/** Sends one thing to do to the test Worker; throws what it threw. */
export async function ask(workerd: Miniflare, asked: object): Promise<unknown> {
  const answer = await workerd.dispatchFetch("http://worker/", {
    method: "POST",
    body: JSON.stringify(asked),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}
