import { MOST_ENDED_ENTRIES, SESSION_MEMBERS } from "@latchkey/core/store";
import { type Dialect, type Variants, withRowLock } from "./driver.ts";

// Every rule here is a line of `decide`; tests compare the two on random traces.

const COLUMNS = SESSION_MEMBERS.join(", ");
const NOW = "CAST(:now AS BIGINT) AS now";

const LIVE = `ended_at IS NULL
  AND (expires_at IS NULL OR expires_at > :now)
  AND (absolute_expires_at IS NULL OR absolute_expires_at > :now)`;

/** The session for which `decide` does not refuse the token. */
const ACCEPTED = `id = :id AND family_hash = :family_hash AND ${LIVE}
  AND (CAST(:transport AS TEXT) IS NULL OR transport = :transport)
  AND generation >= :generation`;

const LEASED = "(:now - child_issued_at < :lease AND :now - child_issued_at >= -:lease)";

const VERDICT = `CASE
    WHEN child_hash = :secret_hash AND generation = :generation THEN
      CASE WHEN ${LEASED} THEN 'access_only' ELSE 'rotated' END
    WHEN root_hash = :secret_hash AND root_generation = :generation THEN
      CASE WHEN child_hash IS NOT NULL AND ${LEASED} THEN 'access_only' ELSE 'issued' END
    ELSE 'reuse'
  END`;

const ISSUED = "verdict IN ('rotated', 'issued')";

const IDLE_EXPIRY = `CASE
    WHEN idle_lifetime IS NULL OR absolute_expires_at < :now + idle_lifetime THEN absolute_expires_at
    ELSE :now + idle_lifetime
  END`;

// Columns on the right-hand side have the values before the update.
const ROTATED = `root_hash = CASE WHEN verdict = 'rotated' THEN child_hash ELSE root_hash END,
  root_generation = CASE WHEN verdict = 'rotated' THEN generation ELSE root_generation END,
  child_hash = CASE WHEN ${ISSUED} THEN :next ELSE child_hash END,
  child_issued_at = CASE WHEN ${ISSUED} THEN :now ELSE child_issued_at END,
  replaced_at = CASE WHEN ${ISSUED} THEN child_issued_at ELSE replaced_at END,
  generation = CASE WHEN ${ISSUED} THEN generation + 1 ELSE generation END,
  refreshed_at = CASE WHEN ${ISSUED} THEN :now ELSE refreshed_at END,
  expires_at = CASE WHEN ${ISSUED} THEN ${IDLE_EXPIRY} ELSE expires_at END,
  ended_at = CASE WHEN verdict = 'reuse' THEN :now ELSE ended_at END,
  end_reason = CASE WHEN verdict = 'reuse' THEN 'reuse' ELSE end_reason END`;

const ROTATE_UNLOCKED = `UPDATE latchkey_sessions SET
  ${ROTATED}
FROM (SELECT seq AS target, ${VERDICT} AS verdict FROM latchkey_sessions WHERE ${ACCEPTED}) AS judged
WHERE seq = target
RETURNING ${COLUMNS}, ${NOW}`;

/** Locks the row before it judges it: an answer with an access token only writes no row. */
const ROTATE_LOCKED = `WITH judged AS (
  SELECT seq AS target, ${COLUMNS}, ${VERDICT} AS verdict FROM latchkey_sessions WHERE ${ACCEPTED} FOR UPDATE
), written AS (
  UPDATE latchkey_sessions SET
  ${ROTATED}
  FROM (SELECT target, verdict FROM judged) AS judgement
  WHERE seq = target AND verdict <> 'access_only'
  RETURNING ${COLUMNS}
)
SELECT ${COLUMNS}, ${NOW} FROM written
UNION ALL
SELECT ${COLUMNS}, ${NOW} FROM judged WHERE verdict = 'access_only'`;

/** Decides and writes in one statement: the statement that detects reuse ends the session. */
export const ROTATE: Variants = { sqlite: ROTATE_UNLOCKED, d1: ROTATE_UNLOCKED, postgres: ROTATE_LOCKED };

export const GET: string = `SELECT ${COLUMNS}, ${NOW} FROM latchkey_sessions WHERE id = :id`;

export const LIST: string = `SELECT ${COLUMNS} FROM latchkey_sessions
WHERE user_id = :user_id AND ${LIVE}
ORDER BY created_at DESC, seq DESC`;

export const CONFIRM: string = `UPDATE latchkey_sessions SET
  root_hash = child_hash, root_generation = generation, child_hash = NULL, child_issued_at = NULL
WHERE id = :id AND ${LIVE}
  AND child_hash IS NOT NULL AND generation = :generation AND :now - child_issued_at >= :lease
RETURNING id`;

export const UPDATE: string = `UPDATE latchkey_sessions SET
  context = COALESCE(:context, context), device = COALESCE(:device, device)
WHERE id = :id AND ended_at IS NULL
RETURNING ${COLUMNS}`;

/** Follows `UPDATE` in its transaction. */
export const ADD_STALE: string = `INSERT INTO latchkey_feed (kind, session_id, at, until)
SELECT 'stale', id, CAST(:now AS BIGINT), :now + access_lifetime FROM latchkey_sessions
WHERE id = :id AND ended_at IS NULL`;

export const END: string = `UPDATE latchkey_sessions SET ended_at = :now, end_reason = :reason
WHERE id = :id AND ended_at IS NULL
  AND (CAST(:family_hash AS TEXT) IS NULL OR family_hash = :family_hash)
RETURNING id, user_id, end_reason`;

const ALL = `user_id = :user_id AND ended_at IS NULL
  AND (CAST(:except AS TEXT) IS NULL OR id <> :except)`;

/** Precedes `END_ALL` in its transaction. If many sessions end, it adds the entry in whose presence the trigger adds none. */
export const ADD_ENDING: string = `INSERT INTO latchkey_feed (kind, user_id, at, until)
SELECT 'ending', user_id, CAST(:now AS BIGINT), :now + MAX(access_lifetime) FROM latchkey_sessions
WHERE ${ALL} GROUP BY user_id HAVING COUNT(*) > ${MOST_ENDED_ENTRIES}`;

export const END_ALL: string = `UPDATE latchkey_sessions SET ended_at = :now, end_reason = :reason
WHERE ${ALL}
RETURNING id, user_id, end_reason`;

/** Follows `END_ALL` in its transaction, with a time at which no session that ended gets a token any more. */
export const PUBLISH_ENDING: string = `UPDATE latchkey_feed SET kind = 'user', at = :now, until = until - at + :now
WHERE kind = 'ending' AND user_id = :user_id`;

/** The first statement of a sign-in. It inserts nothing if the user is disabled or has another version. */
export const INSERT: Variants = withRowLock(
  "FOR SHARE",
  (lock) => `INSERT INTO latchkey_sessions (${COLUMNS})
SELECT ${SESSION_MEMBERS.map((column) => `:${column}`).join(", ")}
WHERE CAST(:if_version AS BIGINT) IS NULL OR EXISTS (
  SELECT 1 FROM latchkey_users
  WHERE id = :user_id AND credentials_version = :if_version AND disabled_at IS NULL${lock})
RETURNING id`,
);

// The statements that follow in the transaction of the insert do nothing if it inserted nothing.
const INSERTED = "EXISTS (SELECT 1 FROM latchkey_sessions WHERE id = :id)";

export const END_REPLACED: string = `UPDATE latchkey_sessions SET ended_at = :now, end_reason = 'replaced'
WHERE id = :replaced AND id <> :id AND ${LIVE} AND ${INSERTED}
RETURNING id, user_id, end_reason`;

/** Runs before `END_SURPLUS`: of two sign-ins of one user, the second must see the first. Null where writes never overlap. */
export const LOCK_SIGN_INS: Readonly<Record<Dialect, string | null>> = {
  sqlite: null,
  d1: null,
  postgres: "SELECT pg_advisory_xact_lock(hashtextextended('latchkey ' || CAST(:user_id AS TEXT), 0))",
};

export const END_SURPLUS: string = `UPDATE latchkey_sessions SET ended_at = :now, end_reason = 'limit'
WHERE ${INSERTED} AND ended_at IS NULL AND seq IN (
  SELECT seq FROM latchkey_sessions
  WHERE user_id = :user_id AND id <> :id AND ${LIVE}
  ORDER BY created_at DESC, seq DESC LIMIT 1000000 OFFSET :others)
RETURNING id, user_id, end_reason`;

const OF_USER = "user_id = :user_id";
const IN_SLICE = "seq > :after AND seq <= :last";

/** The last row of the next slice of the table; no row if fewer rows than a slice are left. */
export const SLICE_END: string = `SELECT seq FROM latchkey_sessions
WHERE seq > :after ORDER BY seq LIMIT 1 OFFSET :size`;

// One access lifetime after the session ended or expired, its last access token has expired too.
const DELETABLE = `(ended_at + access_lifetime <= :now OR ended_at IS NULL AND (
    expires_at + access_lifetime <= :now OR absolute_expires_at + access_lifetime <= :now))`;

const EXPIRED = "ended_at IS NULL AND (expires_at <= :now OR absolute_expires_at <= :now)";

// A row that another transaction is writing is skipped: the next run finds it.
const SKIP_LOCKED = "FOR UPDATE SKIP LOCKED";

const selected = (condition: string, lock: string): string => `seq IN (
  SELECT seq FROM latchkey_sessions WHERE ${condition}${lock})`;

const deleteEnded = (scope: string): Variants =>
  withRowLock(
    SKIP_LOCKED,
    (lock) =>
      `DELETE FROM latchkey_sessions WHERE ${selected(`${scope} AND ${DELETABLE}`, lock)} RETURNING id`,
  );

const markExpired = (scope: string): Variants =>
  withRowLock(
    SKIP_LOCKED,
    (lock) => `UPDATE latchkey_sessions SET ended_at = :now, end_reason = 'expired'
WHERE ${selected(`${scope} AND ${EXPIRED}`, lock)} RETURNING id`,
  );

export const DELETE_ENDED_OF_USER: Variants = deleteEnded(OF_USER);
export const DELETE_ENDED_IN_SLICE: Variants = deleteEnded(IN_SLICE);
export const MARK_EXPIRED_OF_USER: Variants = markExpired(OF_USER);
export const MARK_EXPIRED_IN_SLICE: Variants = markExpired(IN_SLICE);
