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

/** What an object of a user, and the one of the key ring, can be asked. */
export interface RecordOperations
  extends PartOperations<"sessions">,
    PartOperations<"users">,
    PartOperations<"tokens">,
    PartOperations<"keys"> {}

/** What an object can be asked that keeps one thing: attempts, a one-time token, or who holds an identifier. */
export interface CellOperations {
  readonly "attempts.hit": (rule: ThrottleRule, now: EpochSeconds) => Promise<ThrottleVerdict>;
  readonly "attempts.reset": () => Promise<void>;
  /** Throws where there is a token. */
  readonly "token.put": (token: OneTimeToken) => Promise<void>;
  readonly "token.take": (purpose: string, now: EpochSeconds) => Promise<OneTimeToken | null>;
  /** Marks a secret as used; `false` where the object keeps a token or a mark that has not expired. */
  readonly "token.spend": (expiresAt: EpochSeconds, now: EpochSeconds) => Promise<boolean>;
  readonly "holder.get": () => Promise<Claim | null>;
  /** Makes a user the holder, where there is none, or it is the user, or by the claim `over`; returns the claim after. */
  readonly "holder.claim": (userId: UserId, over: string | null) => Promise<Claim>;
  readonly "holder.release": (claim: string) => Promise<void>;
}

/** Who holds an identifier or an account, and by which of all claims. */
export interface Claim {
  readonly userId: UserId;
  readonly id: string;
}

export interface Operations extends RecordOperations, CellOperations {}

/** What every call says of the store that makes it. */
export interface CallSettings {
  /** Whose clock decides. */
  readonly clock: "object" | "caller";
  /** Whether sessions that are over stay. */
  readonly keepEnded: boolean;
}

/** One call of an object, as it travels. */
export interface ObjectCall extends CallSettings {
  readonly operation: string;
  readonly args: readonly unknown[];
}
