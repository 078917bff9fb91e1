import type { StoredMembers } from "@latchkey/core/store";

/** The SQL that a driver speaks. */
export type Dialect = "sqlite" | "postgres" | "d1";

/** A value that can be bound: an integer, a text or null. Booleans are 0 and 1, JSON is text. */
export type SqlValue = string | number | null;

/** A row as the database returned it, with values that are not checked yet. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** One statement in the text of the driver's dialect, with named parameters (`:now`) and their values. */
export interface Statement {
  readonly sql: string;
  readonly values?: Readonly<Record<string, SqlValue>>;
}

/**
 * How the store reaches one database.
 *
 * A driver whose database has a clock may bind that clock to `:now`, in every statement.
 */
export interface Driver {
  /** The dialect of the statements that the store sends. */
  readonly dialect: Dialect;

  /** Runs one statement as a transaction of its own and returns its rows. It must see the newest write. */
  query(statement: Statement): Promise<readonly SqlRow[]>;

  /** Runs statements as one transaction: all of them or none. Returns the rows of each. */
  batch(statements: readonly Statement[]): Promise<readonly (readonly SqlRow[])[]>;

  /** Runs before the first table is created. If it fails, and the tables can be created, that is no error. */
  readonly setup?: Statement;

  /** Whether tables of another version can cause this error; the store then reads their version. Default: every error. */
  readonly mayBeSchemaError?: (error: unknown) => boolean;

  /** Lets other work of this process run between the parts of a long operation. */
  pause(): Promise<void>;
}

/** One statement in the text of each dialect. */
export type Variants = Readonly<Record<Dialect, string>>;

/** Makes a statement that locks rows in PostgreSQL. SQLite and D1 have one writer at a time and no row locks. */
export function withRowLock(lock: string, textOf: (lock: string) => string): Variants {
  const unlocked = textOf("");
  return { sqlite: unlocked, d1: unlocked, postgres: textOf(` ${lock}`) };
}

/** Runs one statement and returns its first row. */
export async function first(driver: Driver, statement: Statement): Promise<SqlRow | null> {
  return (await driver.query(statement))[0] ?? null;
}

/** A statement with the placeholders of a database, and the names of their values in order. */
export interface CompiledStatement {
  readonly text: string;
  readonly names: readonly string[];
}

/** Replaces each `:name` by the result of `placeholder`, called with its position, counted from 1, and its name. */
export function compile(
  sql: string,
  placeholder: (position: number, name: string) => string,
): CompiledStatement {
  const names: string[] = [];
  const text = sql.replace(/(?<!:):([a-z_]+)/g, (_, name: string) => placeholder(names.push(name), name));
  return { text, names };
}

/** Replaces each `:name` by a mark and a number, such as `$1` or `?1`. A name has one number in all of the statement. */
export function compileNumbered(sql: string, mark: string): CompiledStatement {
  const names: string[] = [];
  const { text } = compile(sql, (_, name) => {
    if (!names.includes(name)) names.push(name);
    return `${mark}${names.indexOf(name) + 1}`;
  });
  return { text, names };
}

/** Keeps what `compile` makes of each text: the store has a fixed number of statements. */
export function compileOnce<T>(compile: (sql: string) => T): (sql: string) => T {
  const known = new Map<string, T>();
  return (sql) => {
    const found = known.get(sql);
    if (found !== undefined) return found;
    const compiled = compile(sql);
    known.set(sql, compiled);
    return compiled;
  };
}

/** Puts the values of a statement in the order of its placeholders. */
export function bind({ names }: CompiledStatement, values: Statement["values"] = {}): SqlValue[] {
  return names.map((name) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`no value for the parameter :${name}`);
    return value;
  });
}

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
