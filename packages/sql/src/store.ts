import type { Store } from "@latchkey/core/store";
import type { Driver } from "./driver.ts";
import { sqlKeys } from "./keys.ts";
import { type Migratable, schemaFault } from "./migrate.ts";
import { sqlSessions } from "./sessions.ts";
import { sqlThrottle } from "./throttle.ts";
import { sqlTokens } from "./tokens.ts";
import { sqlUsers } from "./users.ts";

/** A store in an SQL database, and the driver that `migrate` works through. */
export interface SqlStore extends Store, Migratable {}

/** Makes the one SQL store over a driver. Its tables must exist: call `migrate` first. */
export function sqlStore(driver: Driver): SqlStore {
  const checked = explaining(driver);
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

// A statement that fails because the tables are older or newer says so; the check costs nothing while all is well.
function explaining(driver: Driver): Driver {
  const explain = async (error: unknown): Promise<never> => {
    const fault = driver.mayBeSchema?.(error) === false ? null : await schemaFault({ driver });
    throw fault ?? error;
  };
  return {
    ...driver,
    query: (statement) => driver.query(statement).catch(explain),
    batch: (statements) => driver.batch(statements).catch(explain),
  };
}
