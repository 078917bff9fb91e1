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

/** A store whose every call is carried out by `durableObjects` in the Worker, in a world of objects of its own. */
export function bridged(
  workerd: Miniflare,
  { world, fragile = false, failing, clock = "caller", keepEnded = false }: World,
): Store {
  const settings: CallSettings = { clock, keepEnded };
  const send = async (part: string, method: string, args: readonly unknown[]): Promise<unknown> =>
    ask(workerd, { world, fragile, failing: failing ?? null, settings, part, method, args });

  function part<Part extends keyof Store>(
    name: Part,
    methods: readonly (keyof Store[Part] & string)[],
  ): Store[Part] {
    const bridge = methods.map((method) => [method, (...args: unknown[]) => send(name, method, args)]);
    return Object.fromEntries(bridge);
  }

  const users = part("users", [
    "create",
    "get",
    "find",
    "update",
    "delete",
    "findByAccount",
    "link",
    "unlink",
    "accounts",
    "keepTokens",
    "keptTokens",
  ]);
  const sessions = part("sessions", [
    "create",
    "get",
    "rotate",
    "confirm",
    "list",
    "update",
    "end",
    "endAll",
    "prune",
  ]);
  return {
    sessions: { ...sessions, users },
    users,
    keys: part("keys", ["load", "save"]),
    tokens: part("tokens", ["put", "redeem", "spend", "revoke", "prune"]),
    throttle: part("throttle", ["hit", "reset"]),
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
