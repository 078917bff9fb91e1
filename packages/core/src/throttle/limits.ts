import { minutes } from "../time.ts";
import type { ThrottleRule } from "./decide.ts";

/** What is limited, and by what it is counted. */
export interface RateLimits {
  /** Failed sign-ins, by account and client. */
  readonly account: ThrottleRule;
  /** Sign-ins, by client. */
  readonly signIn: ThrottleRule;
  /** Sign-ups, by client. */
  readonly signUp: ThrottleRule;
  /** Refreshes that give no refresh token, by session. */
  readonly refresh: ThrottleRule;
}

export const defaultLimits: RateLimits = {
  account: { limit: 10, window: minutes(15) },
  signIn: { limit: 100, window: minutes(1) },
  signUp: { limit: 20, window: minutes(1) },
  refresh: { limit: 600, window: minutes(1) },
};
