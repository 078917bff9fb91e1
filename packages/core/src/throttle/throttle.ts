import { type EpochSeconds, minutes, type Seconds } from "../platform/time.ts";

/** At most `limit` attempts in a window, which begins with the first attempt. */
export interface ThrottleRule {
  readonly limit: number;
  readonly window: Seconds;
}

/** The stored counter of one key. */
export interface ThrottleRow {
  readonly count: number;
  readonly since: EpochSeconds;
}

/** Whether an attempt is allowed, and if not, when to try again. */
export type ThrottleVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly retryAfter: Seconds };

/** Decides one attempt. Pure; every store must give the same result. A refused attempt is not counted. */
export function decideThrottle(
  row: ThrottleRow | null,
  rule: ThrottleRule,
  now: EpochSeconds,
): { readonly verdict: ThrottleVerdict; readonly row: ThrottleRow } {
  if (row === null || isWindowVoid(row, rule, now))
    return { verdict: { allowed: true }, row: { count: 1, since: now } };
  if (row.count < rule.limit) return { verdict: { allowed: true }, row: { ...row, count: row.count + 1 } };
  return { verdict: { allowed: false, retryAfter: row.since + rule.window - now }, row };
}

// Clocks of servers differ a little, so a window may begin slightly ahead. One that begins far ahead is void.
function isWindowVoid({ since }: ThrottleRow, { window }: ThrottleRule, now: EpochSeconds): boolean {
  const age = now - since;
  return age >= window || age < -window;
}

/** The rules for each kind of attempt. */
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

/** The factor by which each wider network of a client has more attempts. */
const WIDENING_FACTORS: Readonly<Record<keyof RateLimits, number>> = {
  account: 2,
  accountTotal: 1,
  signIn: 4,
  signUp: 4,
  refresh: 1,
  unprovenRefresh: 4,
};

/** Returns the rule for a network of a client. The narrowest network is 0, and each wider one has more attempts. */
export function widenRule(limits: RateLimits, name: keyof RateLimits, width: number): ThrottleRule {
  const { limit, window } = limits[name];
  return { limit: limit * WIDENING_FACTORS[name] ** width, window };
}

/** The store of attempts. Keys are digests. A store may delete a row after its window has ended. */
export interface ThrottleStore {
  /** Counts one attempt by `decideThrottle`, in one atomic step. */
  hit(key: string, rule: ThrottleRule, now: EpochSeconds): Promise<ThrottleVerdict>;

  /** Deletes the counter of a key. */
  reset(key: string): Promise<void>;
}

/** The oldest keys are deleted beyond this number, so that an attacker cannot fill the memory of the process. */
const MAX_KEYS = 100_000;
const KEYS_AFTER_EVICTION = 90_000;

interface KeptRow extends ThrottleRow {
  readonly until: EpochSeconds;
}

/** Counts attempts in this process alone. */
export function localThrottle(): ThrottleStore {
  const rows = new Map<string, KeptRow>();
  return {
    hit: async (key, rule, now) => {
      const { verdict, row } = decideThrottle(rows.get(key) ?? null, rule, now);
      rows.delete(key);
      rows.set(key, { ...row, until: row.since + rule.window });
      if (rows.size > MAX_KEYS) evictOldest(rows, now);
      return verdict;
    },

    reset: async (key) => {
      rows.delete(key);
    },
  };
}

function evictOldest(rows: Map<string, KeptRow>, now: EpochSeconds): void {
  for (const [key, { until }] of rows) if (until <= now) rows.delete(key);
  for (const key of rows.keys()) {
    if (rows.size <= KEYS_AFTER_EVICTION) return;
    rows.delete(key);
  }
}
