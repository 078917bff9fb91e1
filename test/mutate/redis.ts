import { type Edit, editsIn } from "./edit.ts";

const REDIS = "packages/redis/src";
const IN_REDIS = "test/stores/redis.test.ts";

/** The conditions of the scripts of Redis. */
export const redisEdits: readonly Edit[] = [
  ...editsIn(
    `${REDIS}/session-scripts.ts`,
    [IN_REDIS],
    [
      ["any family secret", "if row.family_hash ~= ARGV[4] or not is_live(row)", "if not is_live(row)"],
      ["an ended session rotates", "or not is_live(row) or other_transport", "or other_transport"],
      ["any transport", "or other_transport or presented", "or presented"],
      ["a later generation is accepted", " or presented > generation then", " then"],
      ["the lease has no end", "and age < lease and", "and"],
      [
        "a child of any generation",
        "row.child_hash == secret and presented == generation",
        "row.child_hash == secret",
      ],
      ["a root of any generation", "and presented == tonumber(row.root_generation)", ""],
      ["reuse ends no session", "end_session(row, 'reuse')", ""],
      ["a sign-in of another version", "user[1] ~= ARGV[5] or user[2]", "user[2]"],
      ["a sign-in of a disabled user", "user[1] ~= ARGV[5] or user[2]", "user[1] ~= ARGV[5]"],
      [
        "an end without the family secret",
        "if ARGV[5] ~= '' and ARGV[5] ~= row.family_hash then return false end",
        "",
      ],
    ],
  ),
  ...editsIn(
    `${REDIS}/tokens.ts`,
    [IN_REDIS],
    [
      [
        "a token of another purpose",
        "if found[1] ~= ARGV[3] then return {} end",
        "if not found[1] then return {} end",
      ],
      ["a token is redeemed twice", "redis.call('DEL', KEYS[1])\nreturn now", "return now"],
      ["a secret is spent twice", "(at and now < at) or", ""],
    ],
  ),
  ...editsIn(
    `${REDIS}/user-scripts.ts`,
    [IN_REDIS],
    [["credentials that changed are overwritten", "or (ARGV[1] ~= '' and ARGV[1] ~= version)", ""]],
  ),
  ...editsIn(
    `${REDIS}/store.ts`,
    [IN_REDIS],
    [
      ["one attempt more than the rule", "elseif count >= limit then", "elseif count > limit then"],
      ["a key ring is overwritten", "if version ~= tonumber(ARGV[1]) then return 0 end", ""],
    ],
  ),
  ...editsIn(
    `${REDIS}/claims.ts`,
    [IN_REDIS],
    [
      [
        "an address or an account of two users",
        "if held and held ~= ARGV[2] then return { 0, held, now[1] } end",
        "",
      ],
    ],
  ),
  ...editsIn(
    `${REDIS}/claims.ts`,
    ["test/stores/redis-claims.test.ts"],
    [
      [
        "a name that a user claimed later is released",
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end",
        "",
      ],
    ],
  ),
  ...editsIn(
    `${REDIS}/users.ts`,
    ["test/stores/redis-claims.test.ts"],
    [
      [
        "an unknown user costs less to look up",
        "return getIfHolder(parts, (await parts.claims.holder(key)) ?? key, identifier);",
        "const id = await parts.claims.holder(key); return id === null ? null : getIfHolder(parts, id, identifier);",
      ],
    ],
  ),
];
