import type { StoredMembers } from "@latchkey/core/store";
import type { SqlRow } from "./driver.ts";

/** Reads the columns of one row; throws on the first invalid value. The error names the column and never its value. */
export function columns(table: string, row: SqlRow): StoredMembers {
  const corrupt = (column: string): Error => new Error(`${table}.${column} holds an invalid value`);

  const text = (column: string): string => {
    const value = row[column];
    if (typeof value !== "string") throw corrupt(column);
    return value;
  };
  const integer = (column: string): number => {
    const value = row[column];
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw corrupt(column);
    return value;
  };

  const oneOf = <const T extends string>(column: string, allowed: readonly T[]): T => {
    const found = allowed.find((value) => value === row[column]);
    if (found === undefined) throw corrupt(column);
    return found;
  };

  return {
    text,
    integer,
    textOrNull: (column) => (row[column] === null ? null : text(column)),
    integerOrNull: (column) => (row[column] === null ? null : integer(column)),
    oneOf,
    oneOfOrNull: (column, allowed) => (row[column] === null ? null : oneOf(column, allowed)),
    json: (column, guard) => {
      const value = parse(text(column));
      if (!guard(value)) throw corrupt(column);
      return value;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
