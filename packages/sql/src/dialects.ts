import type { Dialect } from "./driver.ts";

/** One statement in the text of each dialect. */
export type Variants = Readonly<Record<Dialect, string>>;

/** Makes the variants of a statement that locks rows in PostgreSQL; the others have no row locks, but one writer at a time. */
export function withRowLock(lock: string, textOf: (lock: string) => string): Variants {
  const unlocked = textOf("");
  return { sqlite: unlocked, d1: unlocked, postgres: textOf(` ${lock}`) };
}
