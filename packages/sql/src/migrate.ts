import { AuthError } from "@latchkey/core/store";
import type { Driver, Statement } from "./driver.ts";
import { migration, SCHEMA_VERSION, versionTable } from "./schema.ts";

/** The part of a store that `migrate` uses. */
export interface Migratable {
  readonly driver: Driver;
}

/**
 * Brings the tables of a store to this library's version: from an empty database or from any earlier version. Does
 * nothing if they have that version. Many processes may call it at once.
 *
 * Throws if the tables are newer than this library. It never goes back a version.
 */
export async function migrate({ driver }: Migratable): Promise<void> {
  let version = await createVersionTable(driver);
  while (version < SCHEMA_VERSION) {
    version = await applyMigration(driver, version + 1);
  }
  if (version > SCHEMA_VERSION) throw versionError(version);
}

/** Returns an error if the tables have another version than this library; null if they have it, or if reading it fails. */
export async function schemaError({ driver }: Migratable): Promise<Error | null> {
  try {
    const version = await schemaVersion(driver);
    return version === SCHEMA_VERSION ? null : versionError(version);
  } catch (error) {
    const missing = error instanceof Error && error.message.includes("latchkey_schema");
    return missing ? versionError(0) : null;
  }
}

// In PostgreSQL, several processes may run this at once: one creates the table, and the others can fail.
async function createVersionTable(driver: Driver): Promise<number> {
  const tryTo = (statement: Statement): Promise<{ readonly error: unknown } | null> =>
    driver.query(statement).then(
      () => null,
      (error: unknown) => ({ error }),
    );
  // A role that may not create the schema may use one that is there.
  const failedSetup = driver.setup === undefined ? null : await tryTo(driver.setup);
  const failedTable = await tryTo({ sql: versionTable(driver.dialect) });
  const failed = failedSetup ?? failedTable;
  return schemaVersion(driver).catch((error: unknown) => {
    throw failed?.error ?? error;
  });
}

// The version is inserted first: of several processes, all but one fail on its primary key and change nothing.
async function applyMigration(driver: Driver, version: number): Promise<number> {
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

function versionError(version: number): AuthError {
  const reason =
    version > SCHEMA_VERSION
      ? "the database is newer than this library: update @latchkey/sql"
      : "the database is older than this library: call `await migrate(store)` before using the store";
  return new AuthError(
    "internal_error",
    `latchkey schema version ${version}, expected ${SCHEMA_VERSION}; ${reason}`,
  );
}
