import { AuthError } from "@latchkey/core/store";
import type { Driver } from "./driver.ts";
import { migration, SCHEMA_VERSION, versionTable } from "./schema.ts";

/** What `migrate` needs of a store. */
export interface Migratable {
  readonly driver: Driver;
}

/**
 * Brings the tables of a store up to this library's version: from nothing or from any earlier version. Does nothing
 * where they are, and may be called by many processes at once.
 *
 * Throws where the tables are newer than this library. It never goes back a version.
 */
export async function migrate({ driver }: Migratable): Promise<void> {
  let version = await begin(driver);
  while (version < SCHEMA_VERSION) {
    version = await advance(driver, version + 1);
  }
  if (version > SCHEMA_VERSION) throw mismatch(version);
}

/**
 * Returns an error that says so where the tables are not of this library's version; null where they are, or where
 * that cannot be found out.
 */
export async function schemaFault({ driver }: Migratable): Promise<Error | null> {
  try {
    const version = await schemaVersion(driver);
    return version === SCHEMA_VERSION ? null : mismatch(version);
  } catch (error) {
    const missing = error instanceof Error && error.message.includes("latchkey_schema");
    return missing ? mismatch(0) : null;
  }
}

// PostgreSQL lets only one of several processes make a table, even where it is asked for only if it is missing.
async function begin(driver: Driver): Promise<number> {
  const failed = await driver.query({ sql: versionTable(driver.dialect) }).then(
    () => null,
    (error: unknown) => ({ error }),
  );
  return schemaVersion(driver).catch((error: unknown) => {
    throw failed?.error ?? error;
  });
}

// The version is recorded first: of several processes, all but one fail on its primary key and change nothing.
async function advance(driver: Driver, version: number): Promise<number> {
  const record = { sql: "INSERT INTO latchkey_schema (version) VALUES (:version)", values: { version } };
  try {
    await driver.batch([record, ...migration(driver.dialect, version).map((sql) => ({ sql }))]);
    return version;
  } catch (error) {
    const reached = await schemaVersion(driver);
    if (reached < version) throw error;
    return reached;
  }
}

async function schemaVersion(driver: Driver): Promise<number> {
  const [row] = await driver.query({ sql: "SELECT MAX(version) AS version FROM latchkey_schema" });
  return Number(row?.["version"] ?? 0);
}

function mismatch(version: number): AuthError {
  const fault =
    version > SCHEMA_VERSION
      ? "the database is newer than this library: update @latchkey/sql"
      : "the database is older than this library: call `await migrate(store)` before using the store";
  return new AuthError(
    "internal_error",
    `latchkey schema version ${version}, expected ${SCHEMA_VERSION}; ${fault}`,
  );
}
