import { checkMembers, FLAG, type MembersOf, type Store } from "@latchkey/core/store";
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
 * Every operation is one turn of one object, with three exceptions that use two: identifiers and links of a user, the
 * tokens of a user, and a `create` that replaces another user's session, which ends after it. The clock of the object
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
    throttle: {
      hit: async (key, rule, now) => call(await digestName("attempts", key), "attempts.hit", rule, now),
      reset: async (key) => call(await digestName("attempts", key), "attempts.reset"),
    },
  };
}
