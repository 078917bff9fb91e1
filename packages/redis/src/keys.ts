import type { KeyStore } from "@latchkey/core/store";
import type { Connection } from "./connection.ts";
import { fieldsOf } from "./fields.ts";
import type { Settings } from "./settings.ts";

const LOAD = "return redis.call('HGETALL', KEYS[1])";

/** ARGV: version, document. */
const SAVE = `
local version = tonumber(redis.call('HGET', KEYS[1], 'version')) or 0
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', version + 1, 'document', ARGV[2])
return 1`;

export function redisKeys(connection: Connection, { names }: Settings): KeyStore {
  return {
    load: async () => {
      const read = fieldsOf("keys", await connection.run(LOAD, [names.keyRing], []));
      return read === null ? null : { version: read.integer("version"), document: read.text("document") };
    },
    save: async (ifVersion, document) =>
      (await connection.run(SAVE, [names.keyRing], [ifVersion, document])) === 1,
  };
}
