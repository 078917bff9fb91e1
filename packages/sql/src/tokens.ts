import { isJsonObject, type JsonObject, type OneTimeToken, type TokenStore } from "@latchkey/core/store";
import { columns, type Driver, type SqlRow, withRowLock } from "./driver.ts";

const TABLE = "latchkey_tokens";
const COLUMNS = "hash, purpose, user_id, data, expires_at";
const BATCH = 100;
/** The data of a spent secret. The data of a token is a JSON object, so the two are never equal. */
const SPENT = "spent";

const PUT = `INSERT INTO ${TABLE} (${COLUMNS}) VALUES (:hash, :purpose, :user_id, :data, :expires_at)`;

/** Deletes and returns the row in one statement, so of any number of callers one gets it. */
const REDEEM = `DELETE FROM ${TABLE}
WHERE hash = :hash AND purpose = :purpose AND data <> '${SPENT}' AND expires_at > :now
RETURNING ${COLUMNS}`;

/** Inserts unless a live row has this digest. The unique key lets one of any number of callers write. */
const SPEND = `INSERT INTO ${TABLE} (${COLUMNS}) VALUES (:hash, :purpose, NULL, '${SPENT}', :expires_at)
ON CONFLICT (hash) DO UPDATE SET
  purpose = excluded.purpose, user_id = NULL, data = excluded.data, expires_at = excluded.expires_at
WHERE ${TABLE}.expires_at <= :now
RETURNING CASE WHEN expires_at > :now THEN 1 ELSE 0 END AS live`;

const REVOKE = `DELETE FROM ${TABLE} WHERE user_id = :user_id AND purpose = :purpose`;

const PRUNE = withRowLock(
  "FOR UPDATE SKIP LOCKED",
  (lock) => `DELETE FROM ${TABLE} WHERE hash IN (
  SELECT hash FROM ${TABLE} WHERE expires_at <= :now ORDER BY expires_at LIMIT ${BATCH}${lock})
RETURNING hash`,
);

export function sqlTokens(driver: Driver): TokenStore {
  return {
    put: async ({ hash, purpose, userId, data, expiresAt }) => {
      const values = { hash, purpose, user_id: userId, data: JSON.stringify(data), expires_at: expiresAt };
      await driver.query({ sql: PUT, values });
    },

    redeem: async (hash, purpose, now) => {
      const [row] = await driver.query({ sql: REDEEM, values: { hash, purpose, now } });
      return row === undefined ? null : readToken(row);
    },

    spend: async (hash, purpose, expiresAt, now) => {
      const values = { hash, purpose, expires_at: expiresAt, now };
      const [row] = await driver.query({ sql: SPEND, values });
      return row !== undefined && columns(TABLE, row).integer("live") === 1;
    },

    revoke: async (userId, purpose) => {
      await driver.query({ sql: REVOKE, values: { user_id: userId, purpose } });
    },

    prune: async (now) => {
      let pruned = 0;
      for (let last = BATCH; last >= BATCH; await driver.pause()) {
        last = (await driver.query({ sql: PRUNE[driver.dialect], values: { now } })).length;
        pruned += last;
      }
      return pruned;
    },
  };
}

function readToken(row: SqlRow): OneTimeToken {
  const read = columns(TABLE, row);
  return {
    hash: read.text("hash"),
    purpose: read.text("purpose"),
    userId: read.textOrNull("user_id"),
    data: read.json<JsonObject>("data", isJsonObject),
    expiresAt: read.integer("expires_at"),
  };
}
