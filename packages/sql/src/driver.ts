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

  /** Whether tables of another version can cause this error; the store then reads their version. Default: every error. */
  readonly mayBeSchemaError?: (error: unknown) => boolean;

  /** Lets other work of this process run between the parts of a long operation. */
  pause(): Promise<void>;
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

/** Puts the values of a statement in the order of its placeholders. */
export function bind({ names }: CompiledStatement, values: Statement["values"] = {}): SqlValue[] {
  return names.map((name) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`no value for the parameter :${name}`);
    return value;
  });
}
