import { isJsonObject, type JsonObject, type OneTimeToken, type TokenStore } from "@latchkey/core/store";
import {
  columns,
  type Driver,
  first,
  type SqlRow,
  type SqlValue,
  type Variants,
  withRowLock,
} from "./driver.ts";
import { sqlSlots } from "./slots.ts";

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

const pruneText = (table: string, key: string): Variants =>
  withRowLock(
    "FOR UPDATE SKIP LOCKED",
    (lock) => `DELETE FROM ${table} WHERE ${key} IN (
  SELECT ${key} FROM ${table} WHERE expires_at <= :now ORDER BY expires_at LIMIT ${BATCH}${lock})
RETURNING ${key}`,
  );
const PRUNE = pruneText(TABLE, "hash");
const PRUNE_SLOTS = pruneText("latchkey_slots", "slot");

export function sqlTokens(driver: Driver): TokenStore {
  return {
    put: async (token) => {
      await driver.query({ sql: PUT, values: tokenValues(token) });
    },

    redeem: async (hash, purpose, now) => {
      const row = await first(driver, { sql: REDEEM, values: { hash, purpose, now } });
      return row === null ? null : readToken(row);
    },

    spend: async (hash, purpose, expiresAt, now) => {
      const row = await first(driver, { sql: SPEND, values: { hash, purpose, expires_at: expiresAt, now } });
      return row !== null && columns(TABLE, row).integer("live") === 1;
    },

    revoke: async (userId, purpose) => {
      await driver.query({ sql: REVOKE, values: { user_id: userId, purpose } });
    },

    ...sqlSlots(driver),

    prune: async (now) => (await prune(driver, PRUNE, now)) + (await prune(driver, PRUNE_SLOTS, now)),
  };
}

async function prune(driver: Driver, text: Variants, now: number): Promise<number> {
  let pruned = 0;
  for (let last = BATCH; last >= BATCH; await driver.pause()) {
    last = (await driver.query({ sql: text[driver.dialect], values: { now } })).length;
    pruned += last;
  }
  return pruned;
}

function tokenValues(token: OneTimeToken): Record<string, SqlValue> {
  return {
    hash: token.hash,
    purpose: token.purpose,
    user_id: token.userId,
    data: JSON.stringify(token.data),
    expires_at: token.expiresAt,
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
