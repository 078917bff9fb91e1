import type { EpochSeconds } from "../platform/time.ts";
import { decideThrottle, releaseAttempt, type ThrottleRow, type ThrottleStore } from "./throttle.ts";

/** Beyond this number rows are deleted, so that an attacker cannot fill the memory of the process. */
const MAX_KEYS = 100_000;
const KEYS_AFTER_EVICTION = 90_000;

interface KeptRow extends ThrottleRow {
  readonly until: EpochSeconds;
}

/** Counts attempts in this process alone. */
export function localThrottle(): ThrottleStore {
  const rows = new Map<string, KeptRow>();
  return {
    hit: async (attempts, now) => {
      const before = attempts.map(({ key }) => rows.get(key) ?? null);
      const { verdict, rows: after } = decideThrottle(before, attempts, now);
      if (!verdict.allowed) return verdict;
      for (const [index, { key, rule }] of attempts.entries()) {
        const row = after[index];
        if (row === undefined || row === null) continue;
        // The most recent is last in the map.
        rows.delete(key);
        rows.set(key, { ...row, until: row.since + rule.window });
      }
      if (rows.size > MAX_KEYS) evict(rows, now);
      return verdict;
    },

    release: async (keys) => {
      for (const key of keys) {
        const row = rows.get(key);
        const left = row === undefined ? null : releaseAttempt(row);
        if (row === undefined || left === null) rows.delete(key);
        else rows.set(key, { ...left, until: row.until });
      }
    },
  };
}

// Ended windows first, then keys with at most one attempt, then the rest, each from the oldest. A flood of made-up accounts
// then leaves the counters that are filling up.
function evict(rows: Map<string, KeptRow>, now: EpochSeconds): void {
  for (const [key, { until }] of rows) if (until <= now) rows.delete(key);
  for (const least of [1, Number.POSITIVE_INFINITY]) {
    for (const [key, { count }] of rows) {
      if (rows.size <= KEYS_AFTER_EVICTION) return;
      if (count <= least) rows.delete(key);
    }
  }
}
