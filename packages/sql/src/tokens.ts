import { isJsonObject, type JsonObject, type OneTimeToken, type TokenStore } from "@latchkey/core/protocol";
import { columns } from "./columns.ts";
import type { Driver, SqlRow } from "./driver.ts";

const TABLE = "latchkey_tokens";
const COLUMNS = "hash, purpose, user_id, data, expires_at";
const BATCH = 100;

const PUT = `INSERT INTO ${TABLE} (${COLUMNS}) VALUES (:hash, :purpose, :user_id, :data, :expires_at)`;

/** One statement takes it out and hands it over: of any number of callers one gets the row. */
const REDEEM = `DELETE FROM ${TABLE}
WHERE hash = :hash AND purpose = :purpose AND expires_at > :now
RETURNING ${COLUMNS}`;

const REVOKE = `DELETE FROM ${TABLE} WHERE user_id = :user_id AND purpose = :purpose`;

const PRUNE = `DELETE FROM ${TABLE} WHERE hash IN (
  SELECT hash FROM ${TABLE} WHERE expires_at <= :now ORDER BY expires_at LIMIT ${BATCH} /*row locks: FOR UPDATE SKIP LOCKED*/)
RETURNING hash`;

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

    revoke: async (userId, purpose) => {
      await driver.query({ sql: REVOKE, values: { user_id: userId, purpose } });
    },

    prune: async (now) => {
      let pruned = 0;
      for (let last = BATCH; last >= BATCH; await driver.rest()) {
        last = (await driver.query({ sql: PRUNE, values: { now } })).length;
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
