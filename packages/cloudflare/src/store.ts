import {
  checkMembers,
  FLAG,
  hitEach,
  type MembersOf,
  type Store,
  type ThrottleStore,
} from "@latchkey/core/store";
import { type Call, callObjects, digestName } from "./call.ts";
import type { CallSettings } from "./operations.ts";
import type { ObjectNamespace } from "./platform.ts";
import { objectSessions } from "./sessions.ts";
import { objectTokens } from "./tokens.ts";
import { objectUsers } from "./users.ts";

const KEYS = "keys";
const OPTIONS: MembersOf<CallSettings> = { clock: ["object", "caller"], keepEnded: FLAG };

/**
 * Makes a store over a namespace of `SessionObject`s. Each user has one object, named by the user tag of the session
 * id, with the user's row, sessions and links. Identifiers, accounts, one-time tokens and attempts have small objects.
 *
 * Every operation is one turn of one object, with four exceptions: identifiers and links of a user, the tokens of a user,
 * and a `create` that replaces another user's session, which ends after it, use two; an attempt uses one for each key, and
 * is given back if one of them refuses. The clock of the object
 * decides; `clock: "caller"` is for tests. Alarms delete expired rows, so `keepEnded` must be set here too. `prune`
 * works for one user; for all users it does nothing and returns 0.
 * Throws a `TypeError` for a wrong option, and for an argument that is no namespace.
 *
 * @example
 * const store = durableObjects(env.SESSIONS);
 */
export function durableObjects<Id>(
  namespace: ObjectNamespace<Id>,
  options: Partial<CallSettings> = {},
): Store {
  checkMembers("durableObjects", options, OPTIONS);
  if (typeof namespace?.idFromName !== "function") {
    throw new TypeError(
      "durableObjects takes a namespace of Durable Objects: pass the binding, such as env.SESSIONS",
    );
  }
  const { clock = "object", keepEnded = false } = options;
  return objectStore(callObjects(namespace, { clock, keepEnded }));
}

function objectStore(call: Call): Store {
  const users = objectUsers(call);
  return {
    sessions: objectSessions(call, users),
    users,
    tokens: objectTokens(call),
    keys: {
      load: () => call(KEYS, "keys.load"),
      save: (ifVersion, document) => call(KEYS, "keys.save", ifVersion, document),
    },
    throttle: objectThrottle(call),
  };
}

/** Each key has its own object, so an attempt is counted in all of them at the same time, and given back after a refusal. */
function objectThrottle(call: Call): ThrottleStore {
  const release = async (keys: readonly string[]): Promise<void> => {
    await Promise.all(keys.map(async (key) => call(await digestName("attempts", key), "attempts.release")));
  };
  return {
    hit: (attempts, now) =>
      hitEach(
        attempts,
        async ({ key, rule }) => call(await digestName("attempts", key), "attempts.hit", rule, now),
        release,
      ),
    release,
  };
}
