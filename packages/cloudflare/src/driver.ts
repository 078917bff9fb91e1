import {
  bind,
  type CompiledStatement,
  compile,
  type Driver,
  type SqlRow,
  type Statement,
} from "@latchkey/sql/driver";
import type { ObjectStorage } from "./platform.ts";

/** The SQL storage of an object as a driver. Every call is one synchronous turn, so no call sees a part of another. */
export function objectDriver(storage: ObjectStorage, clock: (() => number) | null): Driver {
  const cache = new Map<string, CompiledStatement>();

  const run = ({ sql, values }: Statement): readonly SqlRow[] => {
    const compiled = cache.get(sql) ?? compile(sql, () => "?");
    cache.set(sql, compiled);
    const bound = bind(compiled, clock === null ? values : { ...values, now: clock() });
    return storage.sql.exec(compiled.text, ...bound).toArray();
  };

  return {
    dialect: "sqlite",
    query: async (statement) => run(statement),
    batch: async (statements) => storage.transactionSync(() => statements.map(run)),
    pause: async () => undefined,
  };
}
