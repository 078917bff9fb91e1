import type { EpochSeconds } from "../time.ts";
import type { ThrottleRule, ThrottleVerdict } from "./decide.ts";

/** Where attempts are counted. Keys are digests; a row may go once its window is over. */
export interface ThrottleStore {
  /** Counts one attempt by `decideThrottle`, in one atomic step. */
  hit(key: string, rule: ThrottleRule, now: EpochSeconds): Promise<ThrottleVerdict>;

  /** Forgets the attempts of a key. */
  reset(key: string): Promise<void>;
}
