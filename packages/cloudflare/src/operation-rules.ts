import type { Operations, RecordOperations } from "./operations.ts";

/** How the object of a user, or of the key ring, carries out an operation on its tables. */
export interface RecordRule<Result = unknown> {
  /** If the object has no tables: create them, or return this result and use no storage. */
  readonly withoutTables: "create" | { readonly result: Result };
  /** Whether something can expire before the current alarm, after the operation. */
  readonly setsAlarm: "always" | "never" | "on reuse";
}

/** A rule for each operation; `cell` for an operation on a small object, which has no tables. */
type OperationRules = {
  readonly [Name in keyof Operations]: Name extends keyof RecordOperations
    ? RecordRule<Awaited<ReturnType<Operations[Name]>>>
    : "cell";
};

const OPERATION_RULES: OperationRules = {
  "sessions.create": { withoutTables: "create", setsAlarm: "always" },
  "sessions.get": { withoutTables: { result: null }, setsAlarm: "never" },
  // A rotation only extends a session, unless it detects reuse and ends it.
  "sessions.rotate": { withoutTables: { result: null }, setsAlarm: "on reuse" },
  "sessions.confirm": { withoutTables: { result: false }, setsAlarm: "never" },
  "sessions.list": { withoutTables: { result: [] }, setsAlarm: "never" },
  "sessions.update": { withoutTables: { result: null }, setsAlarm: "never" },
  "sessions.end": { withoutTables: { result: null }, setsAlarm: "always" },
  "sessions.endAll": { withoutTables: { result: [] }, setsAlarm: "always" },
  "sessions.prune": { withoutTables: { result: 0 }, setsAlarm: "always" },

  "users.create": { withoutTables: "create", setsAlarm: "never" },
  "users.get": { withoutTables: { result: null }, setsAlarm: "never" },
  "users.find": { withoutTables: { result: null }, setsAlarm: "never" },
  "users.update": { withoutTables: { result: null }, setsAlarm: "never" },
  "users.delete": { withoutTables: { result: false }, setsAlarm: "always" },
  "users.findByAccount": { withoutTables: { result: null }, setsAlarm: "never" },
  "users.link": { withoutTables: { result: false }, setsAlarm: "never" },
  "users.unlink": { withoutTables: { result: false }, setsAlarm: "never" },
  "users.accounts": { withoutTables: { result: [] }, setsAlarm: "never" },
  "users.keepTokens": { withoutTables: { result: false }, setsAlarm: "never" },
  "users.keptTokens": { withoutTables: { result: null }, setsAlarm: "never" },

  "tokens.put": { withoutTables: "create", setsAlarm: "always" },
  "tokens.redeem": { withoutTables: { result: null }, setsAlarm: "never" },
  "tokens.spend": { withoutTables: "create", setsAlarm: "always" },
  "tokens.revoke": { withoutTables: { result: undefined }, setsAlarm: "never" },
  "tokens.prune": { withoutTables: { result: 0 }, setsAlarm: "never" },

  "keys.load": { withoutTables: { result: null }, setsAlarm: "never" },
  "keys.save": { withoutTables: "create", setsAlarm: "never" },

  "attempts.hit": "cell",
  "attempts.reset": "cell",
  "token.put": "cell",
  "token.take": "cell",
  "token.spend": "cell",
  "holder.get": "cell",
  "holder.claim": "cell",
  "holder.release": "cell",
};

/** Returns the rule of an operation; throws if there is no such operation. */
export function ruleOf(operation: string): RecordRule | "cell" {
  if (!isOperation(operation)) {
    throw new TypeError(
      `SessionObject has no operation ${JSON.stringify(operation)}; call it through durableObjects of the same version`,
    );
  }
  return OPERATION_RULES[operation];
}

function isOperation(operation: string): operation is keyof Operations {
  return Object.hasOwn(OPERATION_RULES, operation);
}
