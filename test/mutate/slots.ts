import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";
const SQL = "packages/sql/src";
const REDIS = "packages/redis/src";
const CLOUDFLARE = "packages/cloudflare/src";
const IN_MEMORY = "test/stores/memory.test.ts";
const IN_SQLITE = "test/stores/sqlite.test.ts";
const IN_POSTGRES = "test/stores/postgres.test.ts";
const IN_REDIS = "test/stores/redis.test.ts";
const OF_CLAIMS = "test/stores/redis-claims.test.ts";
const IN_OBJECTS = "test/stores/durable-objects.test.ts";
const OF_HALVES = "test/stores/durable-objects-halves.test.ts";

/** The conditions of one-time tokens in slots, and of the change of an address. */
export const slotEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/users/one-time-token.ts`,
    [`${CORE}/users/one-time-token.test.ts`],
    [
      ["an expired token is redeemed", "token === null || now >= token.expiresAt", "token === null"],
      [
        "a redeemed token stays",
        "return { redeemed: token, stays: null };",
        "return { redeemed: token, stays: token };",
      ],
      ["any secret", "if (token.secret === secret)", "if (secret)"],
      ["wrong secrets have no end", "token.tries > 1 ? { ...token, tries: token.tries - 1 } : null", "token"],
    ],
  ),
  ...editsIn(
    `${CORE}/auth/guard-store.ts`,
    [`${CORE}/auth/guard-store.test.ts`],
    [
      ["the token of another slot", "slot: (value) => value === slot,", ""],
      ["a token of another secret", "(secret === null ? isText(value) : value === secret)", "isText(value)"],
    ],
  ),
  ...editsIn(
    `${CORE}/memory/users.ts`,
    [IN_MEMORY],
    [
      [
        "the address of another user",
        '(emails.get(email) ?? id) !== id) return "taken"',
        'false) return "taken"',
      ],
      [
        "the old address finds the user",
        "if (user.email !== null) emails.delete(user.email);\n    emails.set",
        "emails.set",
      ],
      [
        "a change of an older version",
        "user === undefined || user.credentialsVersion !== ifVersion",
        "user === undefined",
      ],
    ],
  ),
  ...editsIn(
    `${SQL}/slots.ts`,
    [IN_SQLITE],
    [
      ["a wrong secret is not counted", "THEN tries ELSE tries - 1 END", "THEN tries ELSE tries END"],
      ["the last try leaves the token", "secret = :secret OR tries <= 1 THEN 1", "secret = :secret THEN 1"],
      ["a token is redeemed twice", "secret = :secret OR tries <= 1 THEN 1", "tries <= 1 THEN 1"],
      [
        "an expired token is redeemed",
        "WHERE slot = :slot AND expires_at > :now\nRETURNING",
        "WHERE slot = :slot\nRETURNING",
      ],
      ["any secret", "token?.secret === secret ? token : null", "token"],
    ],
  ),
  ...editsIn(
    `${SQL}/users.ts`,
    [IN_SQLITE],
    [
      ["a change of an older version", " AND credentials_version = :if_version\n  AND NOT", "\n  AND NOT"],
      [
        "an address that is taken is no answer",
        'return user?.credentialsVersion === ifVersion ? "taken" : null;',
        "return null;",
      ],
    ],
  ),
  ...editsIn(
    `${SQL}/users.ts`,
    [IN_POSTGRES],
    [
      [
        "a race for an address is an error",
        "if (holder === null || holder.id === id) throw error;",
        "throw error;",
      ],
    ],
  ),
  ...editsIn(
    `${REDIS}/slots.ts`,
    [IN_REDIS],
    [
      [
        "a wrong secret is not counted",
        "redis.call('HINCRBY', KEYS[1], 'tries', -1)",
        "redis.call('EXISTS', KEYS[1])",
      ],
      ["the last try leaves the token", "else redis.call('DEL', KEYS[1]) end", "end"],
      ["a token is redeemed twice", "redis.call('DEL', KEYS[1])\n  return token", "return token"],
      ["an expired token is redeemed", "if not found[1] or now >= tonumber(found[1])", "if not found[1]"],
      [
        "the earlier token stays in part",
        "redis.call('DEL', KEYS[1])\nredis.call('HSET'",
        "redis.call('HSET'",
      ],
    ],
  ),
  ...editsIn(
    `${REDIS}/user-scripts.ts`,
    [IN_REDIS],
    [
      [
        "a change of an older version",
        "if redis.call('HGET', KEYS[1], 'credentials_version') ~= ARGV[2] then return {} end",
        "",
      ],
    ],
  ),
  ...editsIn(
    `${REDIS}/user-scripts.ts`,
    [OF_CLAIMS],
    [
      [
        "an address is confirmed too late",
        "ARGV[1] ~= '' and tonumber(redis.call('TIME')[1]) > tonumber(ARGV[1]) then\n",
        "false then\n",
      ],
    ],
  ),
  ...editsIn(
    `${REDIS}/users.ts`,
    [IN_REDIS],
    [
      [
        "no old address is released",
        "changed === null ? granted.claims : held",
        "changed === null ? granted.claims : []",
      ],
      [
        "no new address is released",
        "changed === null ? granted.claims : held",
        "changed === null ? [] : held",
      ],
    ],
  ),
  ...editsIn(
    `${CLOUDFLARE}/cell.ts`,
    [IN_OBJECTS],
    [
      [
        "a wrong secret is not counted",
        "{ slot: stays, until: stays.expiresAt }",
        "{ slot: slot ?? stays, until: stays.expiresAt }",
      ],
      [
        "a reservation replaces another",
        "if (held !== undefined && held.id !== replaces) return heldClaim(held);\n      const reserved",
        "const reserved",
      ],
    ],
  ),
  ...editsIn(
    `${CLOUDFLARE}/users.ts`,
    [IN_OBJECTS],
    [
      ["a new address stays reserved", "if (!isChanged) await call", "if (changed === undefined) await call"],
      [
        "an address without a reservation",
        "if (reservation === null) return",
        "if (reservation === null && held === null) return",
      ],
    ],
  ),
  ...editsIn(
    `${CLOUDFLARE}/holder.ts`,
    [OF_HALVES],
    [
      [
        "a sign-up takes a reserved address",
        "claim.isReserved || (await isHeldBy(claim.userId))",
        "await isHeldBy(claim.userId)",
      ],
    ],
  ),
  ...editsIn(
    `${CLOUDFLARE}/records.ts`,
    ["test/stores/durable-objects-deadline.test.ts"],
    [
      [
        "an address is written after its reservation",
        "if (wallClock() <= deadline) return users.changeEmail",
        "if (true) return users.changeEmail",
      ],
    ],
  ),
];
