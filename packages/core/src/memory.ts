import { memorySessions } from "./memory/sessions.ts";
import { memoryKeys, memoryTokens } from "./memory/tokens.ts";
import { memoryUsers } from "./memory/users.ts";
import type { Store } from "./store.ts";
import { localThrottle } from "./throttle/local.ts";

/**
 * Makes a store that lives in this process and is gone with it: for tests, demos and one-process servers that may
 * forget everybody. Every operation is one synchronous turn, so none ever sees half of another.
 *
 * It does not share anything with other processes, and it keeps ended sessions until `prune`.
 */
export function memory(): Store {
  const users = memoryUsers();
  return {
    sessions: memorySessions(users),
    users,
    keys: memoryKeys(),
    tokens: memoryTokens(),
    throttle: localThrottle(),
  };
}
