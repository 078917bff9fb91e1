import { minutes } from "../time.ts";
import type { ThrottleRule } from "./decide.ts";

/** What is limited, and by what it is counted. */
export interface RateLimits {
  /** Failed sign-ins, by account and client. */
  readonly account: ThrottleRule;
  /** Failed sign-ins, by account over all clients. */
  readonly accountTotal: ThrottleRule;
  /** Sign-ins, by client. */
  readonly signIn: ThrottleRule;
  /** Sign-ups, by client. */
  readonly signUp: ThrottleRule;
  /** Refreshes that give no refresh token, by the session that the token proved. */
  readonly refresh: ThrottleRule;
  /** Refreshes whose token proves no session, by client and in each process. They refuse no token that proves one. */
  readonly unprovenRefresh: ThrottleRule;
}

export const defaultLimits: RateLimits = {
  account: { limit: 10, window: minutes(15) },
  // OWASP ASVS 5.0 6.3.1, NIST SP 800-63B-4 3.2.2: at most 100 consecutive failures.
  accountTotal: { limit: 100, window: minutes(15) },
  signIn: { limit: 100, window: minutes(1) },
  signUp: { limit: 20, window: minutes(1) },
  refresh: { limit: 600, window: minutes(1) },
  unprovenRefresh: { limit: 300, window: minutes(1) },
};

/** How much wider networks of a client may do of each rule: a subscriber of many networks is not many subscribers. */
const GROWTH: Readonly<Record<keyof RateLimits, number>> = {
  account: 2,
  accountTotal: 1,
  signIn: 4,
  signUp: 4,
  refresh: 1,
  unprovenRefresh: 4,
};

/** The rule for a network of a client: the narrowest is 0, and each wider one has more attempts. */
export function widened(limits: RateLimits, name: keyof RateLimits, width: number): ThrottleRule {
  const { limit, window } = limits[name];
  return { limit: limit * GROWTH[name] ** width, window };
}
