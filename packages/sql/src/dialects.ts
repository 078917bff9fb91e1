import type { Dialect } from "./driver.ts";

/** One statement in the text of each dialect. */
export type Variants = Readonly<Record<Dialect, string>>;

/** Makes a statement that locks rows in PostgreSQL. SQLite and D1 have one writer at a time and no row locks. */
export function withRowLock(lock: string, textOf: (lock: string) => string): Variants {
  const unlocked = textOf("");
  return { sqlite: unlocked, d1: unlocked, postgres: textOf(` ${lock}`) };
}
