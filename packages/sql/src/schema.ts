import type { Dialect } from "./driver.ts";

interface Types {
  /** A number that grows with every insert; it orders the rows of one second. */
  readonly serial: string;
  readonly integer: string;
  readonly text: string;
  readonly options: string;
  /** The options of a table whose rows change often. */
  readonly updatedOptions: string;
}

const sqlite: Types = {
  serial: "INTEGER PRIMARY KEY",
  integer: "INTEGER",
  text: "TEXT",
  options: " STRICT",
  updatedOptions: " STRICT",
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
