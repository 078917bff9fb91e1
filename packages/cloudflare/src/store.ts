import { checkMembers, FLAG, type MembersOf, type Store } from "@latchkey/core/store";
import { callObjects, digestName } from "./call.ts";
import type { CallSettings } from "./operations.ts";
import type { ObjectNamespace } from "./platform.ts";
import { objectSessions } from "./sessions.ts";
import { objectTokens } from "./tokens.ts";
import { objectUsers } from "./users.ts";

const KEYS = "keys";
const OPTIONS: MembersOf<CallSettings> = { clock: ["object", "caller"], keepEnded: FLAG };

/**
 * Makes a store over a namespace of `SessionObject`s: one object for each user, named by the user tag of the session
 * id, with the user's row, sessions and links; small ones for identifiers, accounts, one-time tokens and attempts.
 *
 * Every operation is one turn of one object, but for what spans two: users' identifiers and links, the tokens of a
 * user, and a `create` that replaces another user's session, which ends after it. The object's clock decides; with
 * `clock: "caller"`, which is for tests, the caller's. What is over goes by alarms, so `prune` does one user at most
 * and `keepEnded` must be said here too. Pruning everybody answers 0.
 * Throws a `TypeError` for a wrong option, and for what is no namespace.
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
  const call = callObjects(namespace, { clock, keepEnded });
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
