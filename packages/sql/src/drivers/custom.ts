export {
  bind,
  type CompiledStatement,
  compile,
  type Dialect,
  type Driver,
  type SqlRow,
  type SqlValue,
  type Statement,
} from "../driver.ts";
export { type Migratable, migrate } from "../migrate.ts";
export { type SqlStore, sqlStore } from "../store.ts";
