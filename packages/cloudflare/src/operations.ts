import type {
  EpochSeconds,
  OneTimeToken,
  Seconds,
  SecretHash,
  SlotToken,
  Store,
  ThrottleRule,
  User,
  UserId,
} from "@latchkey/core/store";
import type { SqlRow } from "@latchkey/sql/driver";
import type { DirectoryOperations } from "./directory.ts";

type Method = (...args: never[]) => Promise<unknown>;

/** The methods of one part of a store, by names like `sessions.rotate`. */
type PartOperations<Part extends keyof Store> = {
  readonly [Name in keyof Store[Part] & string as Store[Part][Name] extends Method
    ? `${Part}.${Name}`
    : never]: Store[Part][Name] extends Method ? Store[Part][Name] : never;
};

/** A token in a slot is in a small object of its own, never in that of a user. */
type SlotOperation = "tokens.fillSlot" | "tokens.readSlot" | "tokens.redeemSlot";

/** The operations on the object of a user, or of the key ring. */
export interface RecordOperations
  extends PartOperations<"sessions">,
    PartOperations<"users">,
    Omit<PartOperations<"tokens">, SlotOperation>,
    PartOperations<"keys"> {
  /** Adds the entries of sessions that ended in another object. */
  readonly "feed.add": (entries: readonly SqlRow[]) => Promise<void>;
  /** `users.changeEmail` with a reserved address. Throws after `deadline`, so that no row is written after the reservation. */
  readonly "users.changeEmailBefore": (
    deadline: EpochSeconds,
    ...change: Parameters<Store["users"]["changeEmail"]>
  ) => Promise<User | "taken" | null>;
  /** `users.create` of a user in the directory. Throws after `deadline`, so that no row is written after its entries count for nothing. */
  readonly "users.createBefore": (deadline: EpochSeconds, user: User) => Promise<boolean>;
}

/**
 * The operations on a small object, which keeps one record: attempts, a one-time token, or the holder of an identifier. Those on the
 * directory are carried out in the same way.
 */
export interface CellOperations extends DirectoryOperations {
  /** Returns the seconds to wait; 0 if the attempt is counted. */
  readonly "attempts.hit": (rule: ThrottleRule, now: EpochSeconds) => Promise<Seconds>;
  readonly "attempts.release": () => Promise<void>;
  /** Throws if the object has a token. */
  readonly "token.put": (token: OneTimeToken) => Promise<void>;
  readonly "token.take": (purpose: string, now: EpochSeconds) => Promise<OneTimeToken | null>;
  /** Marks a secret as spent; `false` if the object has a token or a mark that has not expired. */
  readonly "token.spend": (expiresAt: EpochSeconds, now: EpochSeconds) => Promise<boolean>;
  readonly "slot.fill": (token: SlotToken) => Promise<void>;
  readonly "slot.read": (now: EpochSeconds) => Promise<SlotToken | null>;
  readonly "slot.redeem": (secret: SecretHash, now: EpochSeconds) => Promise<SlotToken | null>;
  readonly "holder.get": () => Promise<Claim | null>;
  /** Makes the user the holder unless another user holds a claim other than `replaces`; returns the claim afterwards. */
  readonly "holder.claim": (userId: UserId, replaces: string | null) => Promise<HeldClaim>;
  /**
   * Claims the object for a user whose row does not confirm it yet. Until the reservation ends, the claim counts without the
   * row. Returns the claim in place afterwards: one of another id if there is a claim other than `replaces`.
   */
  readonly "holder.reserve": (claim: Claim, replaces: string | null) => Promise<HeldClaim>;
  readonly "holder.release": (claim: string) => Promise<void>;
}

/** The holder of an identifier or an account; each claim has its own id. */
export interface Claim {
  readonly userId: UserId;
  readonly id: string;
}

/** A claim in place. */
export interface HeldClaim extends Claim {
  /** Whether it is a reservation that has not ended. */
  readonly isReserved: boolean;
  /** The time until which the row of the holder of a reservation may be written; null for another claim. */
  readonly deadline: EpochSeconds | null;
}

export interface Operations extends RecordOperations, CellOperations {}

/** The settings of a store, sent with every call. */
export interface CallSettings {
  /** The clock for all decisions. */
  readonly clock: "object" | "caller";
  /** Whether ended and expired sessions stay. */
  readonly keepEnded: boolean;
}

/** One call of an object, as JSON. */
export interface ObjectCall extends CallSettings {
  readonly operation: string;
  readonly args: readonly unknown[];
}

/** The answer to a call, as JSON. */
export interface ObjectAnswer<Result = unknown> {
  readonly result: Result;
  /** The rows that the operation wrote for the feed. They have left the object with this answer. */
  readonly entries: readonly SqlRow[];
}

/** How the object of a user, or of the key ring, carries out an operation on its tables. */
export interface RecordRule<Result = unknown> {
  /** If the object has no tables: create them, or return this result and use no storage. */
  readonly withoutTables: "create" | { readonly result: Result };
  /** Whether something can expire before the current alarm, after the operation. */
  readonly setsAlarm: "always" | "never" | "on reuse";
  /** Whether the operation can write entries for the feed. */
  readonly writesFeed?: true;
}

/** A rule for each operation; `cell` for an operation on a small object, which has no tables. */
type OperationRules = {
  readonly [Name in keyof Operations]: Name extends keyof RecordOperations
    ? RecordRule<Awaited<ReturnType<Operations[Name]>>>
    : "cell";
};

const OPERATION_RULES: OperationRules = {
  "sessions.create": { withoutTables: "create", setsAlarm: "always", writesFeed: true },
  "sessions.get": { withoutTables: { result: null }, setsAlarm: "never" },
  // A rotation only extends a session, unless it detects reuse and ends it.
  "sessions.rotate": { withoutTables: { result: null }, setsAlarm: "on reuse", writesFeed: true },
  "sessions.confirm": { withoutTables: { result: false }, setsAlarm: "never" },
  "sessions.list": { withoutTables: { result: [] }, setsAlarm: "never" },
  "sessions.update": { withoutTables: { result: null }, setsAlarm: "never", writesFeed: true },
  "sessions.end": { withoutTables: { result: null }, setsAlarm: "always", writesFeed: true },
  "sessions.endAll": { withoutTables: { result: [] }, setsAlarm: "always", writesFeed: true },
  "sessions.prune": { withoutTables: { result: 0 }, setsAlarm: "always" },
  "sessions.endedSince": {
    withoutTables: { result: { entries: [], cursor: "0", more: false } },
    setsAlarm: "never",
  },
  "feed.add": { withoutTables: "create", setsAlarm: "always" },

  "users.create": { withoutTables: "create", setsAlarm: "never" },
  "users.createBefore": { withoutTables: "create", setsAlarm: "never" },
  "users.get": { withoutTables: { result: null }, setsAlarm: "never" },
  "users.find": { withoutTables: { result: null }, setsAlarm: "never" },
  "users.update": { withoutTables: { result: null }, setsAlarm: "never" },
  "users.changeEmail": { withoutTables: { result: null }, setsAlarm: "never" },
  "users.changeEmailBefore": { withoutTables: { result: null }, setsAlarm: "never" },
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
  "attempts.release": "cell",
  "token.put": "cell",
  "token.take": "cell",
  "token.spend": "cell",
  "slot.fill": "cell",
  "slot.read": "cell",
  "slot.redeem": "cell",
  "holder.get": "cell",
  "holder.claim": "cell",
  "holder.reserve": "cell",
  "holder.release": "cell",
  "directory.add": "cell",
  "directory.held": "cell",
  "directory.remove": "cell",
  "directory.next": "cell",
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
