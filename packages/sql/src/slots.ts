import { isJsonObject, type JsonObject, type SlotToken, type TokenStore } from "@latchkey/core/store";
import { columns, type Driver, first, type SqlRow, type SqlValue } from "./driver.ts";

const TABLE = "latchkey_slots";
const COLUMNS = "slot, purpose, secret, tries, user_id, data, expires_at";

const FILL = `INSERT INTO ${TABLE} (${COLUMNS}, emptied)
VALUES (:slot, :purpose, :secret, :tries, :user_id, :data, :expires_at, 0)
ON CONFLICT (slot) DO UPDATE SET
  purpose = excluded.purpose, secret = excluded.secret, tries = excluded.tries, emptied = 0,
  user_id = excluded.user_id, data = excluded.data, expires_at = excluded.expires_at`;

const READ = `SELECT ${COLUMNS} FROM ${TABLE} WHERE slot = :slot AND expires_at > :now`;

/** Compares and counts in one statement, as `decideSlot` does: of concurrent calls each sees the count of those before it. */
const TRY = `UPDATE ${TABLE} SET
  tries = CASE WHEN secret = :secret THEN tries ELSE tries - 1 END,
  emptied = CASE WHEN secret = :secret OR tries <= 1 THEN 1 ELSE 0 END
WHERE slot = :slot AND expires_at > :now
RETURNING ${COLUMNS}`;

/** Follows TRY in one transaction. It compares no secret, so a token that came between the two stays. */
const DELETE_EMPTIED = `DELETE FROM ${TABLE} WHERE slot = :slot AND emptied = 1`;

type Slots = Pick<TokenStore, "fillSlot" | "readSlot" | "redeemSlot">;

/** The tokens in slots. No emptied row outlives its transaction. */
export function sqlSlots(driver: Driver): Slots {
  return {
    fillSlot: async (token) => {
      await driver.query({ sql: FILL, values: slotValues(token) });
    },

    readSlot: async (slot, now) => {
      const row = await first(driver, { sql: READ, values: { slot, now } });
      return row === null ? null : readSlotToken(row);
    },

    redeemSlot: async (slot, secret, now) => {
      const [[row] = []] = await driver.batch([
        { sql: TRY, values: { slot, secret, now } },
        { sql: DELETE_EMPTIED, values: { slot } },
      ]);
      const token = row === undefined ? null : readSlotToken(row);
      return token?.secret === secret ? token : null;
    },
  };
}

function slotValues(token: SlotToken): Record<string, SqlValue> {
  return {
    slot: token.slot,
    purpose: token.purpose,
    secret: token.secret,
    tries: token.tries,
    user_id: token.userId,
    data: JSON.stringify(token.data),
    expires_at: token.expiresAt,
  };
}

function readSlotToken(row: SqlRow): SlotToken {
  const read = columns(TABLE, row);
  return {
    slot: read.text("slot"),
    purpose: read.text("purpose"),
    secret: read.text("secret"),
    tries: read.integerOrNull("tries"),
    userId: read.textOrNull("user_id"),
    data: read.json<JsonObject>("data", isJsonObject),
    expiresAt: read.integer("expires_at"),
  };
}
