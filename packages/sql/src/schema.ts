import { FEED_RETENTION } from "@latchkey/core/store";
import type { Dialect } from "./driver.ts";

interface Types {
  /** A number that grows with every insert; it orders the rows of one second. */
  readonly serial: string;
  readonly integer: string;
  readonly text: string;
  readonly options: string;
  /** The options of a table whose rows change often. */
  readonly updatedOptions: string;
  /** The columns of the feed that have a default value of their own. */
  readonly feedDefaults: string;
  /** The triggers that write the feed, and its index for reading. */
  readonly feed: readonly string[];
}

// A session that is marked as expired has no live access token. The end of many sessions has an entry of its own.
const HAS_ENDED = "OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.end_reason <> 'expired'";
const ADD_ENDED = `INSERT INTO latchkey_feed (kind, session_id, at, until)
  SELECT 'ended', NEW.id, NEW.ended_at, NEW.ended_at + NEW.access_lifetime
  WHERE NOT EXISTS (SELECT 1 FROM latchkey_feed WHERE kind = 'ending' AND user_id = NEW.user_id);`;

// Every 8th entry deletes up to 16 of the oldest, so the feed stays small without `prune`.
const IS_TRIMMING = "NEW.seq % 8 = 0";
const trimmed = (lock: string): string => `DELETE FROM latchkey_feed WHERE seq IN (
    SELECT seq FROM latchkey_feed
    WHERE seq IN (SELECT seq FROM latchkey_feed ORDER BY seq LIMIT 16) AND until + ${FEED_RETENTION} <= NEW.at${lock});`;

const plpgsql = (
  name: string,
  body: string,
): string => `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  ${body}
  RETURN NULL;
END
$$`;

const sqlite: Types = {
  serial: "INTEGER PRIMARY KEY",
  integer: "INTEGER",
  text: "TEXT",
  options: " STRICT",
  updatedOptions: " STRICT",
  feedDefaults: "mark TEXT NOT NULL DEFAULT (lower(hex(randomblob(4))))",
  feed: [
    `CREATE TRIGGER latchkey_feed_ended AFTER UPDATE OF ended_at ON latchkey_sessions
WHEN ${HAS_ENDED}
BEGIN
  ${ADD_ENDED}
END`,
    `CREATE TRIGGER latchkey_feed_trim AFTER INSERT ON latchkey_feed
WHEN ${IS_TRIMMING}
BEGIN
  ${trimmed("")}
END`,
  ],
};

const types: Readonly<Record<Dialect, Types>> = {
  sqlite,
  d1: sqlite,
  postgres: {
    serial: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    // Whole seconds, the unit of the protocol: no time zone, no fraction, no rounding.
    integer: "BIGINT",
    // Digests are text in every dialect. Comparison by bytes: no collation of the database makes two texts equal.
    text: 'TEXT COLLATE "C"',
    options: "",
    // Each page keeps free space for the next version of a row, so a rotation changes no index.
    updatedOptions: " WITH (fillfactor = 80)",
    // The order of the commits cannot be read from `seq`. That of the transactions says which entries cannot be missing.
    feedDefaults: `mark TEXT COLLATE "C" NOT NULL DEFAULT substr(md5(random()::text), 1, 8),
  xid BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint`,
    feed: [
      "CREATE INDEX latchkey_feed_by_transaction ON latchkey_feed (xid, seq)",
      plpgsql("latchkey_feed_ended", ADD_ENDED),
      // The condition is part of the trigger: an update that ends nothing calls no function.
      `CREATE TRIGGER latchkey_feed_ended AFTER UPDATE OF ended_at ON latchkey_sessions
FOR EACH ROW WHEN (${HAS_ENDED}) EXECUTE FUNCTION latchkey_feed_ended()`,
      plpgsql("latchkey_feed_trim", trimmed(" FOR UPDATE SKIP LOCKED")),
      `CREATE TRIGGER latchkey_feed_trim AFTER INSERT ON latchkey_feed
FOR EACH ROW WHEN (${IS_TRIMMING}) EXECUTE FUNCTION latchkey_feed_trim()`,
    ],
  },
};

/** Every released migration, oldest first; the n-th leads to version n. A released migration never changes. */
const migrations: readonly ((types: Types) => readonly string[])[] = [
  ({ serial, integer, text, options, updatedOptions }) => [
    // No index has a column that a rotation changes, so a rotation writes one row and nothing else.
    `CREATE TABLE latchkey_sessions (
  seq ${serial},
  id ${text} NOT NULL UNIQUE,
  user_id ${text} NOT NULL,
  family_hash ${text} NOT NULL,
  root_hash ${text},
  root_generation ${integer} NOT NULL,
  child_hash ${text},
  child_issued_at ${integer},
  replaced_at ${integer},
  generation ${integer} NOT NULL,
  context ${text} NOT NULL,
  device ${text} NOT NULL,
  transport ${text} NOT NULL,
  amr ${text} NOT NULL,
  created_at ${integer} NOT NULL,
  auth_time ${integer} NOT NULL,
  refreshed_at ${integer} NOT NULL,
  access_lifetime ${integer} NOT NULL,
  idle_lifetime ${integer},
  expires_at ${integer},
  absolute_expires_at ${integer},
  ended_at ${integer},
  end_reason ${text}
)${updatedOptions}`,
    "CREATE INDEX latchkey_sessions_by_user ON latchkey_sessions (user_id, created_at, seq)",
    "CREATE INDEX latchkey_sessions_ended ON latchkey_sessions (ended_at) WHERE ended_at IS NOT NULL",
    `CREATE TABLE latchkey_users (
  id ${text} NOT NULL PRIMARY KEY,
  email ${text} UNIQUE,
  username ${text} UNIQUE,
  name ${text},
  email_verified ${integer} NOT NULL,
  password_hash ${text},
  credentials_version ${integer} NOT NULL,
  created_at ${integer} NOT NULL,
  disabled_at ${integer}
)${options}`,
    `CREATE TABLE latchkey_documents (
  name ${text} NOT NULL PRIMARY KEY,
  version ${integer} NOT NULL,
  document ${text} NOT NULL
)${options}`,
  ],
  ({ serial, integer, text, options }) => [
    `CREATE TABLE latchkey_accounts (
  seq ${serial},
  provider ${text} NOT NULL,
  subject ${text} NOT NULL,
  user_id ${text} NOT NULL,
  UNIQUE (provider, subject)
)${options}`,
    "CREATE INDEX latchkey_accounts_by_user ON latchkey_accounts (user_id, seq)",
    `CREATE TABLE latchkey_tokens (
  hash ${text} NOT NULL PRIMARY KEY,
  purpose ${text} NOT NULL,
  user_id ${text},
  data ${text} NOT NULL,
  expires_at ${integer} NOT NULL
)${options}`,
    "CREATE INDEX latchkey_tokens_by_user ON latchkey_tokens (user_id, purpose)",
    "CREATE INDEX latchkey_tokens_by_expiry ON latchkey_tokens (expires_at)",
    `CREATE TABLE latchkey_attempts (
  key ${text} NOT NULL PRIMARY KEY,
  attempts ${integer} NOT NULL,
  since ${integer} NOT NULL,
  over_at ${integer} NOT NULL,
  refused ${integer} NOT NULL
)${options}`,
    "CREATE INDEX latchkey_attempts_over ON latchkey_attempts (over_at)",
  ],
  ({ text }) => [`ALTER TABLE latchkey_accounts ADD COLUMN tokens ${text}`],
  ({ serial, integer, text, options, feedDefaults, feed }) => [
    "DROP INDEX latchkey_sessions_ended",
    `CREATE TABLE latchkey_feed (
  seq ${serial},
  kind ${text} NOT NULL,
  session_id ${text},
  user_id ${text},
  at ${integer} NOT NULL,
  until ${integer} NOT NULL,
  ${feedDefaults}
)${options}`,
    // Holds an entry only while its transaction ends many sessions of a user.
    "CREATE INDEX latchkey_feed_ending ON latchkey_feed (user_id) WHERE kind = 'ending'",
    ...feed,
  ],
  ({ integer, text, options }) => [
    `CREATE TABLE latchkey_slots (
  slot ${text} NOT NULL PRIMARY KEY,
  purpose ${text} NOT NULL,
  secret ${text} NOT NULL,
  tries ${integer},
  emptied ${integer} NOT NULL,
  user_id ${text},
  data ${text} NOT NULL,
  expires_at ${integer} NOT NULL
)${options}`,
    "CREATE INDEX latchkey_slots_by_expiry ON latchkey_slots (expires_at)",
  ],
  ({ text }) => [`ALTER TABLE latchkey_users ADD COLUMN picture ${text}`],
];

/** The schema version that this library reads and writes. */
export const SCHEMA_VERSION: number = migrations.length;

/** The statement that creates the table of applied versions, if it does not exist. */
export function versionTable(dialect: Dialect): string {
  const { integer, options } = types[dialect];
  return `CREATE TABLE IF NOT EXISTS latchkey_schema (
  version ${integer} NOT NULL PRIMARY KEY
)${options}`;
}

/** The statements that lead from `version - 1` to `version`. */
export function migration(dialect: Dialect, version: number): readonly string[] {
  return migrations[version - 1]?.(types[dialect]) ?? [];
}

/** The whole schema as SQL, for an application that runs migrations itself. */
export function schemaText(dialect: Dialect): string {
  const versions = migrations.flatMap((_, index) => [
    `INSERT INTO latchkey_schema (version) VALUES (${index + 1})`,
    ...migration(dialect, index + 1),
  ]);
  return `${[versionTable(dialect), ...versions].join(";\n\n")};\n`;
}
