export type Dialect = "sqlite" | "postgres" | "d1";

/** What may be bound: integers, text, null. Booleans are 0 and 1, JSON is text. */
export type SqlValue = string | number | null;

/** A row as a database hands it out: nothing is known of its values until they are read. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** One statement with named parameters (`:now`), and their values. */
export interface Statement {
  readonly sql: string;
  readonly values?: Readonly<Record<string, SqlValue>>;
}

/**
 * The few words that every database says in its own way.
 *
 * A driver whose database has a clock may bind that clock to `:now`, in every statement.
 */
export interface Driver {
  readonly dialect: Dialect;

  /** Runs one statement as a transaction of its own, where the newest write is seen, and returns its rows. */
  query(statement: Statement): Promise<readonly SqlRow[]>;

  /** Runs statements as one transaction: all of them or none. Returns the rows of each. */
  batch(statements: readonly Statement[]): Promise<readonly (readonly SqlRow[])[]>;

  /** Whether an error may come from tables of another version, and a look at them is worth it; of all by default. */
  readonly mayBeSchema?: (error: unknown) => boolean;

  /** Lets other work of this process go on, between the parts of a long one. */
  rest(): Promise<void>;
}

/** A statement in a database's own words: its placeholders, and the names of their values in order. */
export interface CompiledStatement {
  readonly text: string;
  readonly names: readonly string[];
}

/** Replaces each `:name` by what `placeholder` makes of its number, counted from 1, or of its name. */
export function compile(
  sql: string,
  placeholder: (position: number, name: string) => string,
): CompiledStatement {
  const names: string[] = [];
  const text = sql.replace(/(?<!:):([a-z_]+)/g, (_, name: string) => placeholder(names.push(name), name));
  return { text, names };
}

/** The same with one number for a name wherever it stands, after a mark: `$1`, or `?1`. */
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
