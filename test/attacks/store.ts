import { DatabaseSync } from "node:sqlite";
import type { Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { migrate, sqlite } from "@latchkey/sql/sqlite";

/** Makes an empty store: in memory, or in SQLite with `LATCHKEY_STORE=sqlite`. Every attack must fail on both. */
export function newStore(): Store {
  if (process.env["LATCHKEY_STORE"] !== "sqlite") return memory();
  const store = sqlite(new DatabaseSync(":memory:"));
  const ready = migrate(store);
  const users = after(ready, store.users);
  return {
    sessions: { ...after(ready, store.sessions), users },
    users,
    keys: after(ready, store.keys),
    tokens: after(ready, store.tokens),
    throttle: after(ready, store.throttle),
  };
}

/** The same part, whose calls wait for the migrations. */
function after<T extends object>(ready: Promise<unknown>, part: T): T {
  const members = Object.entries(part).map(([name, member]) => {
    if (typeof member !== "function") return [name, member];
    const waiting = async (...parameters: readonly unknown[]): Promise<unknown> => {
      await ready;
      return Reflect.apply(member, part, parameters);
    };
    return [name, waiting];
  });
  return Object.fromEntries(members);
}
