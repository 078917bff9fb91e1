import type { EpochSeconds, Seconds } from "../time.ts";

/** At most `limit` attempts in a window, which begins with the first of them. */
export interface ThrottleRule {
  readonly limit: number;
  readonly window: Seconds;
}

/** What a store keeps for one key. */
export interface ThrottleRow {
  readonly count: number;
  readonly since: EpochSeconds;
}

/** Whether an attempt may go on, and if not, when to try again. */
export type ThrottleVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly retryAfter: Seconds };

/** Decides one attempt, and what is kept of it. Pure; every store equals it. A refused attempt is not counted. */
export function decideThrottle(
  row: ThrottleRow | null,
  rule: ThrottleRule,
  now: EpochSeconds,
): { readonly verdict: ThrottleVerdict; readonly row: ThrottleRow } {
  if (row === null || isOver(row, rule, now))
    return { verdict: { allowed: true }, row: { count: 1, since: now } };
  if (row.count < rule.limit) return { verdict: { allowed: true }, row: { ...row, count: row.count + 1 } };
  return { verdict: { allowed: false, retryAfter: row.since + rule.window - now }, row };
}

// Servers' clocks differ a little, and a clock may jump: only a window that begins far ahead is void.
function isOver({ since }: ThrottleRow, { window }: ThrottleRule, now: EpochSeconds): boolean {
  const age = now - since;
  return age >= window || age < -window;
}
