import type {
  EpochSeconds,
  OneTimeToken,
  Store,
  ThrottleRule,
  ThrottleVerdict,
  UserId,
} from "@latchkey/core/store";

type Method = (...args: never[]) => Promise<unknown>;

/** The methods of one part of a store, by names like `sessions.rotate`. */
type PartOperations<Part extends keyof Store> = {
  readonly [Name in keyof Store[Part] & string as Store[Part][Name] extends Method
    ? `${Part}.${Name}`
    : never]: Store[Part][Name] extends Method ? Store[Part][Name] : never;
};

/** The operations on the object of a user, or of the key ring. */
export interface RecordOperations
  extends PartOperations<"sessions">,
    PartOperations<"users">,
    PartOperations<"tokens">,
    PartOperations<"keys"> {}

/** The operations on a small object, which keeps one record: attempts, a one-time token, or the holder of an identifier. */
export interface CellOperations {
  readonly "attempts.hit": (rule: ThrottleRule, now: EpochSeconds) => Promise<ThrottleVerdict>;
  readonly "attempts.reset": () => Promise<void>;
  /** Throws if the object has a token. */
  readonly "token.put": (token: OneTimeToken) => Promise<void>;
  readonly "token.take": (purpose: string, now: EpochSeconds) => Promise<OneTimeToken | null>;
  /** Marks a secret as spent; `false` if the object has a token or a mark that has not expired. */
  readonly "token.spend": (expiresAt: EpochSeconds, now: EpochSeconds) => Promise<boolean>;
  readonly "holder.get": () => Promise<Claim | null>;
  /** Makes the user the holder unless another user holds a claim other than `replaces`; returns the claim afterwards. */
  readonly "holder.claim": (userId: UserId, replaces: string | null) => Promise<Claim>;
  readonly "holder.release": (claim: string) => Promise<void>;
}

/** The holder of an identifier or an account; each claim has its own id. */
export interface Claim {
  readonly userId: UserId;
  readonly id: string;
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
