import type { KeyStore, Store } from "@latchkey/core/store";
import { sqlThrottle } from "./attempts.ts";
import { columns, type Driver } from "./driver.ts";
import { type Migratable, schemaError } from "./migrate.ts";
import { sqlSessions } from "./sessions.ts";
import { sqlTokens } from "./tokens.ts";
import { sqlUsers } from "./users.ts";

/** A store in an SQL database, with the driver that `migrate` uses. */
export interface SqlStore extends Store, Migratable {}

/** Makes the SQL store over a driver. Its tables must exist: call `migrate` first. */
export function sqlStore(driver: Driver): SqlStore {
  const checked = withSchemaErrors(driver);
  const users = sqlUsers(checked);
  return {
    sessions: sqlSessions(checked, users),
    users,
    keys: sqlKeys(checked),
    tokens: sqlTokens(checked),
    throttle: sqlThrottle(checked),
    check: async () => {
      const fault = await schemaError({ driver });
      if (fault !== null) throw fault;
    },
    driver,
  };
}

// Replaces the error of a statement that failed because the tables have another version. A statement that succeeds costs no check.
function withSchemaErrors(driver: Driver): Driver {
  const explain = async (error: unknown): Promise<never> => {
    const found = driver.mayBeSchemaError?.(error) === false ? null : await schemaError({ driver });
    throw found ?? error;
  };
  return {
    ...driver,
    query: (statement) => driver.query(statement).catch(explain),
    batch: (statements) => driver.batch(statements).catch(explain),
  };
}

const LOAD_KEYS = "SELECT version, document FROM latchkey_documents WHERE name = 'keys'";

const INSERT_KEYS = `INSERT INTO latchkey_documents (name, version, document) VALUES ('keys', 1, :document)
ON CONFLICT DO NOTHING
RETURNING version`;

const UPDATE_KEYS = `UPDATE latchkey_documents SET version = version + 1, document = :document
WHERE name = 'keys' AND version = :if_version
RETURNING version`;

function sqlKeys(driver: Driver): KeyStore {
  return {
    load: async () => {
      const [row] = await driver.query({ sql: LOAD_KEYS });
      if (row === undefined) return null;
      const read = columns("latchkey_documents", row);
      return { version: read.integer("version"), document: read.text("document") };
    },
    save: async (ifVersion, document) => {
      const sql = ifVersion === 0 ? INSERT_KEYS : UPDATE_KEYS;
      return (await driver.query({ sql, values: { document, if_version: ifVersion } })).length > 0;
    },
  };
}
