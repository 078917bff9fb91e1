import type { EpochSeconds } from "../platform/time.ts";
import { decideThrottle, type ThrottleRow, type ThrottleStore } from "./throttle.ts";

/** Under a flood of keys the oldest are forgotten first: the memory of a process is not an attacker's to fill. */
const MOST_KEYS = 100_000;
const KEPT_KEYS = 90_000;

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
      if (rows.size > MOST_KEYS) makeRoom(rows, now);
      return verdict;
    },

    reset: async (key) => {
      rows.delete(key);
    },
  };
}

function makeRoom(rows: Map<string, KeptRow>, now: EpochSeconds): void {
  for (const [key, { until }] of rows) if (until <= now) rows.delete(key);
  for (const key of rows.keys()) {
    if (rows.size <= KEPT_KEYS) return;
    rows.delete(key);
  }
}
