import type { ThrottleStore } from "@latchkey/core/store";
import { columns } from "./columns.ts";
import { withRowLock } from "./dialects.ts";
import type { Driver } from "./driver.ts";

const TABLE = "latchkey_attempts";

// Follows `decideThrottle` line by line; a random walk in the store contract compares the two.
const AGE = `:now - ${TABLE}.since`;
const ENDED = `(${AGE} >= :window OR ${AGE} < 0 - CAST(:window AS BIGINT))`;
const ALLOWED = `(${ENDED} OR ${TABLE}.attempts < :limit)`;
const SINCE = `CASE WHEN ${ENDED} THEN :now ELSE ${TABLE}.since END`;

const HIT = `INSERT INTO ${TABLE} (key, attempts, since, over_at, refused)
VALUES (:key, 1, :now, CAST(:now AS BIGINT) + CAST(:window AS BIGINT), 0)
ON CONFLICT (key) DO UPDATE SET
  attempts = CASE WHEN ${ENDED} THEN 1 WHEN ${ALLOWED} THEN ${TABLE}.attempts + 1 ELSE ${TABLE}.attempts END,
  since = ${SINCE},
  over_at = ${SINCE} + :window,
  refused = CASE WHEN ${ALLOWED} THEN 0 ELSE 1 END
RETURNING attempts, since, refused, CAST(:now AS BIGINT) AS now`;

const RESET = `DELETE FROM ${TABLE} WHERE key = :key`;

const PRUNE = withRowLock(
  "FOR UPDATE SKIP LOCKED",
  (lock) => `DELETE FROM ${TABLE} WHERE key IN (
  SELECT key FROM ${TABLE} WHERE over_at <= :now ORDER BY over_at LIMIT 4${lock})`,
);

export function sqlThrottle(driver: Driver): ThrottleStore {
  return {
    hit: async (key, { limit, window }, now) => {
      const [row = {}] = await driver.query({ sql: HIT, values: { key, limit, window, now } });
      const read = columns(TABLE, row);
      if (read.integer("refused") !== 0) {
        return { allowed: false, retryAfter: read.integer("since") + window - read.integer("now") };
      }
      // Each new window deletes a few windows that have ended, so the table stays as small as the open windows.
      if (read.integer("attempts") === 1) await driver.query({ sql: PRUNE[driver.dialect], values: { now } });
      return { allowed: true };
    },

    reset: async (key) => {
      await driver.query({ sql: RESET, values: { key } });
    },
  };
}
