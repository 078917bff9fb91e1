import type {
  EpochSeconds,
  KeyStore,
  Store,
  ThrottleRule,
  ThrottleStore,
  ThrottleVerdict,
} from "@latchkey/core/store";
import { columns, type Driver, withRowLock } from "./driver.ts";
import { type Migratable, schemaError } from "./migrate.ts";
import { sqlSessions } from "./sessions.ts";
import { sqlTokens } from "./tokens.ts";
import { sqlUsers } from "./users.ts";

/** A store in an SQL database, with the driver that `migrate` uses. */
export interface SqlStore extends Store, Migratable {}

/** Makes the SQL store over a driver. Its tables must exist: call `migrate` first. */
export function sqlStore(driver: Driver): SqlStore {
  const checked = withSchemaErrors(driver);
  const users = sqlUsers(checked);
  return {
    sessions: sqlSessions(checked, users),
    users,
    keys: sqlKeys(checked),
    tokens: sqlTokens(checked),
    throttle: sqlThrottle(checked),
    driver,
  };
}

// Replaces the error of a statement that failed because the tables have another version. A statement that succeeds costs no check.
function withSchemaErrors(driver: Driver): Driver {
  const explain = async (error: unknown): Promise<never> => {
    const found = driver.mayBeSchemaError?.(error) === false ? null : await schemaError({ driver });
    throw found ?? error;
  };
  return {
    ...driver,
    query: (statement) => driver.query(statement).catch(explain),
    batch: (statements) => driver.batch(statements).catch(explain),
  };
}

const ATTEMPTS = "latchkey_attempts";

// Follows `decideThrottle` line by line; a random walk in the store contract compares the two.
const AGE = `:now - ${ATTEMPTS}.since`;
const ENDED = `(${AGE} >= :window OR ${AGE} < 0 - CAST(:window AS BIGINT))`;
const ALLOWED = `(${ENDED} OR ${ATTEMPTS}.attempts < :limit)`;
const SINCE = `CASE WHEN ${ENDED} THEN :now ELSE ${ATTEMPTS}.since END`;

const COUNT_ATTEMPT = `INSERT INTO ${ATTEMPTS} (key, attempts, since, over_at, refused)
VALUES (:key, 1, :now, CAST(:now AS BIGINT) + CAST(:window AS BIGINT), 0)
ON CONFLICT (key) DO UPDATE SET
  attempts = CASE WHEN ${ENDED} THEN 1 WHEN ${ALLOWED} THEN ${ATTEMPTS}.attempts + 1 ELSE ${ATTEMPTS}.attempts END,
  since = ${SINCE},
  over_at = ${SINCE} + :window,
  refused = CASE WHEN ${ALLOWED} THEN 0 ELSE 1 END
RETURNING attempts, since, refused, CAST(:now AS BIGINT) AS now`;

const RESET_ATTEMPTS = `DELETE FROM ${ATTEMPTS} WHERE key = :key`;

const PRUNE_ATTEMPTS = withRowLock(
  "FOR UPDATE SKIP LOCKED",
  (lock) => `DELETE FROM ${ATTEMPTS} WHERE key IN (
  SELECT key FROM ${ATTEMPTS} WHERE over_at <= :now ORDER BY over_at LIMIT 4${lock})`,
);

function sqlThrottle(driver: Driver): ThrottleStore {
  return {
    hit: (key, rule, now) => countAttempt(driver, key, rule, now),
    reset: async (key) => {
      await driver.query({ sql: RESET_ATTEMPTS, values: { key } });
    },
  };
}

async function countAttempt(
  driver: Driver,
  key: string,
  { limit, window }: ThrottleRule,
  now: EpochSeconds,
): Promise<ThrottleVerdict> {
  const [row = {}] = await driver.query({ sql: COUNT_ATTEMPT, values: { key, limit, window, now } });
  const read = columns(ATTEMPTS, row);
  if (read.integer("refused") !== 0) {
    return { allowed: false, retryAfter: read.integer("since") + window - read.integer("now") };
  }
  // Each new window deletes a few windows that have ended, so the table stays as small as the open windows.
  if (read.integer("attempts") === 1) {
    await driver.query({ sql: PRUNE_ATTEMPTS[driver.dialect], values: { now } });
  }
  return { allowed: true };
}

const LOAD_KEYS = "SELECT version, document FROM latchkey_documents WHERE name = 'keys'";

const INSERT_KEYS = `INSERT INTO latchkey_documents (name, version, document) VALUES ('keys', 1, :document)
ON CONFLICT DO NOTHING
RETURNING version`;

const UPDATE_KEYS = `UPDATE latchkey_documents SET version = version + 1, document = :document
WHERE name = 'keys' AND version = :if_version
RETURNING version`;

function sqlKeys(driver: Driver): KeyStore {
  return {
    load: async () => {
      const [row] = await driver.query({ sql: LOAD_KEYS });
      if (row === undefined) return null;
      const read = columns("latchkey_documents", row);
      return { version: read.integer("version"), document: read.text("document") };
    },
    save: async (ifVersion, document) => {
      const sql = ifVersion === 0 ? INSERT_KEYS : UPDATE_KEYS;
      return (await driver.query({ sql, values: { document, if_version: ifVersion } })).length > 0;
    },
  };
}
