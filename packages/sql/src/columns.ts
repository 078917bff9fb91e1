import type { JsonObject } from "@latchkey/core/protocol";
import type { SqlRow } from "./driver.ts";

/**
 * Reads the columns of one row, and throws on the first that is not what the schema says. The error names the
 * column and never its value.
 */
export interface Columns {
  text(column: string): string;
  textOrNull(column: string): string | null;
  integer(column: string): number;
  integerOrNull(column: string): number | null;
  oneOf<const T extends string>(column: string, allowed: readonly T[]): T;
  json<T>(column: string, guard: (value: unknown) => value is T): T;
}

export function columns(table: string, row: SqlRow): Columns {
  const corrupt = (column: string): Error => new Error(`${table}.${column} is not what the schema says`);

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

  return {
    text,
    integer,
    textOrNull: (column) => (row[column] === null ? null : text(column)),
    integerOrNull: (column) => (row[column] === null ? null : integer(column)),
    oneOf: (column, allowed) => {
      const found = allowed.find((value) => value === row[column]);
      if (found === undefined) throw corrupt(column);
      return found;
    },
    json: (column, guard) => {
      const value = parse(text(column));
      if (!guard(value)) throw corrupt(column);
      return value;
    },
  };
}

/** Whether what JSON.parse made is an object; not to be asked of anything else. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
