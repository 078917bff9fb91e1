/** One line that takes a security decision, broken on purpose, and the test files that must fail for it. */
export interface Edit {
  readonly name: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Each of them must fail. */
  readonly tests: readonly string[];
}

/** The name of an edit, the text to find and its replacement. */
type Broken = readonly [name: string, find: string, replace: string];

/** The edits of one file that the same tests must notice. */
export function editsIn(file: string, tests: readonly string[], broken: readonly Broken[]): readonly Edit[] {
  return broken.map(([name, find, replace]) => ({ name, file, find, replace, tests }));
}

/** The text of the file after an edit; null unless the text to find occurs once. */
export function applyEdit(text: string, { find, replace }: Edit): string | null {
  const [before, after, ...more] = text.split(find);
  return before === undefined || after === undefined || more.length > 0 ? null : before + replace + after;
}
