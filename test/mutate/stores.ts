import { type Edit, editsIn } from "./edit.ts";

const MEMORY = "packages/core/src/memory";
const SQL = "packages/sql/src";
const IN_MEMORY = "test/stores/memory.test.ts";
const IN_SQLITE = "test/stores/sqlite.test.ts";

/** The conditions of stores. They repeat a rule of core in one atomic step. */
export const storeEdits: readonly Edit[] = [
  ...editsIn(
    `${MEMORY}/sessions.ts`,
    [IN_MEMORY],
    [
      [
        "a sign-in of another version",
        "user.disabledAt === null && user.credentialsVersion === ifVersion",
        "user.disabledAt === null",
      ],
      [
        "a sign-in of a disabled user",
        "user.disabledAt === null && user.credentialsVersion === ifVersion",
        "user.credentialsVersion === ifVersion",
      ],
      [
        "an end without the family secret",
        "familyHash !== null && !equalStrings(familyHash, row.familyHash)",
        "false",
      ],
      ["the sessions beyond the limit stay", "if (limit === null) return replaced;", "return replaced;"],
      [
        "the context of an ended session changes",
        "row === undefined || row.endedAt !== null) return null;\n      if (context",
        "row === undefined) return null;\n      if (context",
      ],
    ],
  ),
  ...editsIn(
    "packages/core/src/memory.ts",
    [IN_MEMORY],
    [
      ["a token is redeemed twice", "byHash.delete(hash);\n      return now", "return now"],
      ["a token of another purpose", "|| token.purpose !== purpose", ""],
      ["an expired token is redeemed", "return now < token.expiresAt ? token : null", "return token"],
      ["a secret is spent twice", "(before !== undefined && now < before.expiresAt)", "false"],
      ["a key ring is overwritten", "if ((saved?.version ?? 0) !== ifVersion) return false;", ""],
    ],
  ),
  ...editsIn(
    `${MEMORY}/users.ts`,
    [IN_MEMORY],
    [
      ["an address of two users", "user.email !== null && emails.has(user.email)", "false"],
      [
        "credentials that changed are overwritten",
        "ifVersion !== null && ifVersion !== user.credentialsVersion",
        "false",
      ],
      ["an account of two users", "if (holders.has(key)) return false;", ""],
      [
        "a link of another user is removed",
        "holders.get(keyOf(account))?.userId === userId && holders",
        "holders",
      ],
      ["a deleted user keeps the links", "links.forget(id);", ""],
    ],
  ),
  ...editsIn(
    `${SQL}/session-statements.ts`,
    [IN_SQLITE],
    [
      [
        "any family secret",
        "AND family_hash = :family_hash AND ${LIVE}\n  AND (CAST(:transport",
        "AND ${LIVE}\n  AND (CAST(:transport",
      ],
      ["an ended session rotates", "`ended_at IS NULL\n  AND (expires_at IS NULL", "`(expires_at IS NULL"],
      ["an expired session rotates", "(expires_at IS NULL OR expires_at > :now)", "1 = 1"],
      [
        "a session past its absolute expiry rotates",
        "(absolute_expires_at IS NULL OR absolute_expires_at > :now)",
        "1 = 1",
      ],
      ["any transport", "OR transport = :transport)", "OR 1 = 1)"],
      ["a later generation is accepted", "AND generation >= :generation", ""],
      ["the lease has no end", ":now - child_issued_at < :lease AND ", ""],
      ["a lease ahead of time", " AND :now - child_issued_at >= -:lease", ""],
      [
        "a child of any generation",
        "child_hash = :secret_hash AND generation = :generation",
        "child_hash = :secret_hash",
      ],
      [
        "a root of any generation",
        "root_hash = :secret_hash AND root_generation = :generation",
        "root_hash = :secret_hash",
      ],
      ["reuse is an access token", "ELSE 'reuse'", "ELSE 'access_only'"],
      [
        "reuse ends no session",
        "ended_at = CASE WHEN verdict = 'reuse' THEN :now ELSE ended_at END",
        "ended_at = ended_at",
      ],
      [
        "the parent stays a root",
        "root_hash = CASE WHEN verdict = 'rotated' THEN child_hash ELSE root_hash END",
        "root_hash = root_hash",
      ],
      ["the idle expiry passes the absolute one", "OR absolute_expires_at < :now + idle_lifetime", ""],
      [
        "a child of another generation is confirmed",
        "child_hash IS NOT NULL AND generation = :generation AND",
        "child_hash IS NOT NULL AND",
      ],
      ["a child is confirmed within the lease", "AND :now - child_issued_at >= :lease\n", "\n"],
      ["an end without the family secret", "IS NULL OR family_hash = :family_hash)", "IS NULL OR 1 = 1)"],
      [
        "the sessions of every user end",
        "const ALL = `user_id = :user_id AND ended_at IS NULL",
        "const ALL = `ended_at IS NULL",
      ],
      ["the own session ends too", "IS NULL OR id <> :except)", "IS NULL OR 1 = 1)"],
      [
        "a sign-in of another version",
        "AND credentials_version = :if_version AND disabled_at",
        "AND disabled_at",
      ],
      ["a sign-in of a disabled user", "AND disabled_at IS NULL${lock}", "${lock}"],
      ["a refused sign-in ends the earlier session", "AND ${LIVE} AND ${INSERTED}", "AND ${LIVE}"],
      [
        "the sessions of every user are listed",
        "WHERE user_id = :user_id AND ${LIVE}\nORDER",
        "WHERE ${LIVE}\nORDER",
      ],
    ],
  ),
  ...editsIn(
    `${SQL}/tokens.ts`,
    [IN_SQLITE],
    [
      ["a token of another purpose", "AND purpose = :purpose AND data <>", "AND data <>"],
      ["an expired token is redeemed", "AND expires_at > :now\n", "\n"],
      ["a spent secret is redeemed", "AND data <> '${SPENT}'", ""],
      ["a secret is spent twice", "WHERE ${TABLE}.expires_at <= :now\n", "\n"],
      ["a spent secret that expired is live", "CASE WHEN expires_at > :now THEN 1 ELSE 0 END", "1"],
    ],
  ),
  ...editsIn(
    `${SQL}/users.ts`,
    [IN_SQLITE],
    [
      [
        "credentials that changed are overwritten",
        "IS NULL OR credentials_version = :if_version)",
        "IS NULL OR 1 = 1)",
      ],
    ],
  ),
  ...editsIn(
    `${SQL}/store.ts`,
    [IN_SQLITE],
    [
      ["a key ring is overwritten", "AND version = :if_version", ""],
      ["a window of attempts has no end", "AND :now - since < given.duration AND", "AND"],
      ["an attempt is not counted", "THEN ${ATTEMPTS}.attempts + 1 ELSE", "THEN ${ATTEMPTS}.attempts ELSE"],
    ],
  ),

  ...editsIn(
    `${MEMORY}/feed.ts`,
    [IN_MEMORY],
    [["the last page is not the last", "more: end < last", "more: false"]],
  ),
  ...editsIn(
    "packages/sql/src/drivers/postgres.ts",
    ["test/stores/postgres-schema.test.ts"],
    [
      ["the search_path leads to the tables", "(placed) => `${schema}.${placed}`", "(placed) => placed"],
      [
        "a function follows the search_path",
        "plpgsql SET search_path = pg_catalog, pg_temp AS",
        "plpgsql AS",
      ],
    ],
  ),
];
