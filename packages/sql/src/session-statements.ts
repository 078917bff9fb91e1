import { SESSION_MEMBERS } from "@latchkey/core/store";

// Every rule here is a line of `decide`, and the traces in the tests hold the two together.

// `/*row locks: … */` says what to lock where several writers work at a time; elsewhere it is a comment.

const COLUMNS = SESSION_MEMBERS.join(", ");
const NOW = "CAST(:now AS BIGINT) AS now";

const LIVE = `ended_at IS NULL
  AND (expires_at IS NULL OR expires_at > :now)
  AND (absolute_expires_at IS NULL OR absolute_expires_at > :now)`;

/** What holds of a session that `decide` does not refuse. */
const ADMITTED = `id = :id AND family_hash = :family_hash AND ${LIVE}
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

// Columns on the right-hand side are the old values.
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

/** Decides and writes in one statement: what detects reuse is what ends the family. */
export const ROTATE: string = `UPDATE latchkey_sessions SET
  ${ROTATED}
FROM (SELECT seq AS target, ${VERDICT} AS verdict FROM latchkey_sessions WHERE ${ADMITTED}) AS judged
WHERE seq = target
RETURNING ${COLUMNS}, ${NOW}`;

/** The same with the row locked before it is judged: an answer with an access token only writes no row. */
export const ROTATE_LOCKED: string = `WITH judged AS (
  SELECT seq AS target, ${COLUMNS}, ${VERDICT} AS verdict FROM latchkey_sessions WHERE ${ADMITTED} FOR UPDATE
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

export const END: string = `UPDATE latchkey_sessions SET ended_at = :now, end_reason = :reason
WHERE id = :id AND ended_at IS NULL
  AND (CAST(:family_hash AS TEXT) IS NULL OR family_hash = :family_hash)
RETURNING id, user_id, end_reason`;

export const END_ALL: string = `UPDATE latchkey_sessions SET ended_at = :now, end_reason = :reason
WHERE user_id = :user_id AND ended_at IS NULL
  AND (CAST(:except AS TEXT) IS NULL OR id <> :except)
RETURNING id, user_id, end_reason`;

/** The first statement of a sign-in: it inserts nothing where the user may not sign in any more. */
export const INSERT: string = `INSERT INTO latchkey_sessions (${COLUMNS})
SELECT ${SESSION_MEMBERS.map((column) => `:${column}`).join(", ")}
WHERE CAST(:if_version AS BIGINT) IS NULL OR EXISTS (
  SELECT 1 FROM latchkey_users
  WHERE id = :user_id AND credentials_version = :if_version AND disabled_at IS NULL /*row locks: FOR SHARE*/)
RETURNING id`;

// The statements that follow the insert in its transaction do nothing where it did nothing.
const INSERTED = "EXISTS (SELECT 1 FROM latchkey_sessions WHERE id = :id)";

export const END_REPLACED: string = `UPDATE latchkey_sessions SET ended_at = :now, end_reason = 'replaced'
WHERE id = :replaced AND id <> :id AND ${LIVE} AND ${INSERTED}
RETURNING id, user_id, end_reason`;

export const END_SURPLUS: string = `UPDATE latchkey_sessions SET ended_at = :now, end_reason = 'limit'
WHERE ${INSERTED} AND ended_at IS NULL AND seq IN (
  SELECT seq FROM latchkey_sessions
  WHERE user_id = :user_id AND id <> :id AND ${LIVE}
  ORDER BY created_at DESC, seq DESC LIMIT 1000000 OFFSET :others)
RETURNING id, user_id, end_reason`;

const OF_USER = "user_id = :user_id";
const IN_SLICE = "seq > :after AND seq <= :last";

/** The last row of the next slice of the table; none where the rest is smaller than a slice. */
export const SLICE_END: string = `SELECT seq FROM latchkey_sessions
WHERE seq > :after ORDER BY seq LIMIT 1 OFFSET :size`;

// A session is over since it ended, or else since it expired.
const FORGETTABLE = `(ended_at + access_lifetime <= :now OR ended_at IS NULL AND (
    expires_at + access_lifetime <= :now OR absolute_expires_at + access_lifetime <= :now))`;

const EXPIRED = "ended_at IS NULL AND (expires_at <= :now OR absolute_expires_at <= :now)";

// A row that somebody is writing is passed over: the next run finds it.
const among = (scope: string, due: string): string => `seq IN (
  SELECT seq FROM latchkey_sessions WHERE ${scope} AND ${due} /*row locks: FOR UPDATE SKIP LOCKED*/)`;

const forget = (scope: string): string =>
  `DELETE FROM latchkey_sessions WHERE ${among(scope, FORGETTABLE)} RETURNING id`;

const markExpired = (scope: string): string =>
  `UPDATE latchkey_sessions SET ended_at = :now, end_reason = 'expired'
WHERE ${among(scope, EXPIRED)} RETURNING id`;

export const FORGET_OF_USER: string = forget(OF_USER);
export const FORGET_IN_SLICE: string = forget(IN_SLICE);
export const MARK_OF_USER: string = markExpired(OF_USER);
export const MARK_IN_SLICE: string = markExpired(IN_SLICE);
