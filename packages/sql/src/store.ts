import {
  type EpochSeconds,
  type KeyStore,
  type Seconds,
  type Store,
  type ThrottleAttempt,
  type ThrottleStore,
  throttleVerdict,
} from "@latchkey/core/store";
import { columns, type Driver, type Variants } from "./driver.ts";
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
    check: async () => {
      const fault = await schemaError({ driver });
      if (fault !== null) throw fault;
    },
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
/** Several times the windows that one call begins, so the table stays as small as the open windows. */
const PRUNED_PER_CALL = 28;

/** The attempts of a call as a table. In PostgreSQL the keys compare by bytes, as in the table. */
// Cast from text, because a client may write a value that PostgreSQL takes as JSON once more.
const GIVEN_LITE = `SELECT json_extract(value, '$.key') AS key, json_extract(value, '$.rule.limit') AS most,
    json_extract(value, '$.rule.window') AS duration FROM json_each(:attempts)`;
const GIVEN_POSTGRES = `SELECT key, CAST(rule ->> 'limit' AS BIGINT) AS most, CAST(rule ->> 'window' AS BIGINT) AS duration
    FROM jsonb_to_recordset(CAST(CAST(:attempts AS TEXT) AS JSONB)) AS attempt (key TEXT COLLATE "C", rule JSONB)`;

// The conditions follow `decideThrottle` line by line; a random walk in the store contract compares the two.
const FULL = `attempts >= given.most
      AND :now - since < given.duration AND :now - since >= 0 - given.duration`;
const REFUSING_COLUMNS = "SELECT given.key AS key, since + given.duration - :now AS wait FROM given";
const REFUSING_LITE = `${REFUSING_COLUMNS} CROSS JOIN ${ATTEMPTS} ON ${ATTEMPTS}.key = given.key WHERE ${FULL}`;
// One look-up by the index for each attempt, whatever number of attempts the planner expects.
const REFUSING_POSTGRES = `${REFUSING_COLUMNS}
    CROSS JOIN LATERAL (SELECT attempts, since FROM ${ATTEMPTS} WHERE key = given.key LIMIT 1) AS bucket WHERE ${FULL}`;

const DURATION = "(excluded.over_at - excluded.since)";
const AGE = `(excluded.since - ${ATTEMPTS}.since)`;
const ENDED = `(${ATTEMPTS}.attempts = 0 OR ${AGE} >= ${DURATION} OR ${AGE} < 0 - ${DURATION})`;
const BELOW = `${ATTEMPTS}.attempts < (SELECT most FROM given WHERE given.key = excluded.key)`;
const SINCE = `CASE WHEN ${ENDED} THEN excluded.since ELSE ${ATTEMPTS}.since END`;

/** Counts in every bucket if none refuses. */
const COUNT = `INSERT INTO ${ATTEMPTS} (key, attempts, since, over_at, refused)
    SELECT key, 1, :now, :now + duration, 0 FROM given WHERE NOT EXISTS (SELECT 1 FROM refusing)`;
const COUNT_AGAIN = `ON CONFLICT (key) DO UPDATE SET
      attempts = CASE WHEN ${ENDED} THEN 1 WHEN ${BELOW} THEN ${ATTEMPTS}.attempts + 1 ELSE ${ATTEMPTS}.attempts END,
      since = ${SINCE},
      over_at = ${SINCE} + ${DURATION},
      refused = CASE WHEN ${ENDED} OR ${BELOW} THEN 0 ELSE 1 END`;

const WAIT = "CASE WHEN refused = 1 THEN over_at - :now ELSE 0 END AS wait";

const READ_LITE = `WITH given AS (${GIVEN_LITE}) ${REFUSING_LITE}`;
const COUNT_LITE = `WITH given AS (${GIVEN_LITE}), refusing AS (${REFUSING_LITE})
${COUNT} ${COUNT_AGAIN} RETURNING key, ${WAIT}`;
const PRUNE_LITE = `DELETE FROM ${ATTEMPTS} WHERE key IN (
  SELECT key FROM ${ATTEMPTS} WHERE over_at <= :now ORDER BY over_at LIMIT ${PRUNED_PER_CALL})`;

// Rows are locked in the order of their keys, so two calls never wait for each other. The rows to delete are locked last,
// without waiting: their condition reads every counted row first.
const HIT_POSTGRES = `WITH given AS (${GIVEN_POSTGRES}), refusing AS (${REFUSING_POSTGRES}),
counted AS (${COUNT} ORDER BY key ${COUNT_AGAIN} RETURNING key, attempts, ${WAIT}),
pruned AS (
  DELETE FROM ${ATTEMPTS} WHERE key IN (
    SELECT key FROM ${ATTEMPTS}
    WHERE over_at <= :now AND key NOT IN (SELECT key FROM given)
      AND (SELECT count(*) FROM counted WHERE attempts = 1) > 0
    ORDER BY over_at LIMIT ${PRUNED_PER_CALL} FOR UPDATE SKIP LOCKED))
SELECT key, wait FROM refusing UNION ALL SELECT key, wait FROM counted`;

const RELEASE_LITE = `UPDATE ${ATTEMPTS} SET attempts = attempts - 1
WHERE attempts > 0 AND key IN (SELECT value FROM json_each(:keys))`;
const RELEASE: Variants = {
  sqlite: RELEASE_LITE,
  d1: RELEASE_LITE,
  postgres: `UPDATE ${ATTEMPTS} SET attempts = attempts - 1 WHERE attempts > 0 AND key IN (
  SELECT key FROM ${ATTEMPTS} WHERE key = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(CAST(:keys AS TEXT) AS JSONB))))
  ORDER BY key FOR UPDATE)`,
};

/** Counts attempts in one call of the database: one statement of PostgreSQL, one batch of SQLite and D1. */
function sqlThrottle(driver: Driver): ThrottleStore {
  const release = async (keys: readonly string[]): Promise<void> => {
    await driver.query({ sql: RELEASE[driver.dialect], values: { keys: JSON.stringify(keys) } });
  };
  return {
    hit: async (attempts, now) => {
      const waits = await countAttempt(driver, attempts, now);
      const verdict = throttleVerdict(attempts.map(({ key }) => waits.get(key) ?? 0));
      // PostgreSQL only: another call filled one of the buckets after this call read it.
      const counted = [...waits].flatMap(([key, wait]) => (wait === 0 ? [key] : []));
      if (!verdict.allowed && counted.length > 0) await release(counted);
      return verdict;
    },
    release,
  };
}

/** Returns the seconds to wait for each key that refuses or counts the attempt; 0 if it counts. */
async function countAttempt(
  driver: Driver,
  attempts: readonly ThrottleAttempt[],
  now: EpochSeconds,
): Promise<ReadonlyMap<string, Seconds>> {
  const values = { attempts: JSON.stringify(attempts), now };
  const rows =
    driver.dialect === "postgres"
      ? await driver.query({ sql: HIT_POSTGRES, values })
      : (await driver.batch([READ_LITE, COUNT_LITE, PRUNE_LITE].map((sql) => ({ sql, values })))).flat();
  return new Map(
    rows.map((row) => {
      const read = columns(ATTEMPTS, row);
      return [read.text("key"), read.integer("wait")];
    }),
  );
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
