import { isJsonObject, type SlotToken, type TokenStore } from "@latchkey/core/store";
import type { Connection } from "./connection.ts";
import { fieldsOf, flat } from "./fields.ts";
import type { Settings } from "./settings.ts";

// ARGV[1] is the caller's time, or empty if the server's clock decides; ARGV[2] is 1 if keys get a time to live.
const NOW = "local now = tonumber(ARGV[1]) or tonumber(redis.call('TIME')[1])\n";

/** ARGV: expiry, fields and values. */
const FILL = `
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
if ARGV[2] == '1' then redis.call('EXPIREAT', KEYS[1], ARGV[3]) end
return 1`;

const READ = `${NOW}
local at = redis.call('HGET', KEYS[1], 'expires_at')
if not at or now >= tonumber(at) then return {} end
return redis.call('HGETALL', KEYS[1])`;

/** ARGV: secret. Follows `decideSlot` line by line. */
const REDEEM = `${NOW}
local found = redis.call('HMGET', KEYS[1], 'expires_at', 'secret', 'tries')
if not found[1] or now >= tonumber(found[1]) then return {} end
if found[2] == ARGV[3] then
  local token = redis.call('HGETALL', KEYS[1])
  redis.call('DEL', KEYS[1])
  return token
end
if not found[3] then return {} end
if tonumber(found[3]) > 1 then redis.call('HINCRBY', KEYS[1], 'tries', -1) else redis.call('DEL', KEYS[1]) end
return {}`;

type Slots = Pick<TokenStore, "fillSlot" | "readSlot" | "redeemSlot">;

/** The tokens in slots: one key for each slot, and one script for each operation. */
export function redisSlots(connection: Connection, { names, clock }: Settings): Slots {
  return {
    fillSlot: async (token) => {
      const { slot, expiresAt } = token;
      const values = [...clock(expiresAt), expiresAt, ...flat(slotValues(token))];
      await connection.run(FILL, [names.slot(slot)], values);
    },

    readSlot: async (slot, now) =>
      slotTokenOf(await connection.run(READ, [names.slot(slot)], [...clock(now)])),

    redeemSlot: async (slot, secret, now) =>
      slotTokenOf(await connection.run(REDEEM, [names.slot(slot)], [...clock(now), secret])),
  };
}

function slotValues({
  slot,
  purpose,
  secret,
  tries,
  userId,
  data,
  expiresAt,
}: SlotToken): Record<string, string | number | null> {
  const text = JSON.stringify(data);
  return { slot, purpose, secret, tries, user_id: userId, data: text, expires_at: expiresAt };
}

function slotTokenOf(reply: unknown): SlotToken | null {
  const read = fieldsOf("slot", reply);
  if (read === null) return null;
  return {
    slot: read.text("slot"),
    purpose: read.text("purpose"),
    secret: read.text("secret"),
    tries: read.integerOrNull("tries"),
    userId: read.textOrNull("user_id"),
    data: read.json("data", isJsonObject),
    expiresAt: read.integer("expires_at"),
  };
}
