import type { Store } from "@latchkey/core/store";
import type { Driver } from "./driver.ts";
import { sqlKeys } from "./keys.ts";
import { type Migratable, schemaError } from "./migrate.ts";
import { sqlSessions } from "./sessions.ts";
import { sqlThrottle } from "./throttle.ts";
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
