import type { Gate, Violation } from "./repository.ts";
import { titles } from "./tests.ts";

const LIST = "test/attacks/README.md";
/** Finds the id of a case, and neither the end of `ML-DSA-44` nor a character encoding. */
const CASE = /(?<![\w-])(?!UTF-)[A-Z]{2,4}-\d{2}(?!\w)/g;
/** Finds the id of a feature or of a property of the protocol, such as `S1`. Only titles of tests are searched for it. */
const FEATURE = /(?<![\w-])[ABJPST]\d{1,2}(?!\w)/g;
const ROW = /^\| ([A-Z]{2,4}-\d{2}|[ABJPST]\d{1,2}) +\|/;

interface Place {
  readonly path: string;
  readonly line: number;
  readonly id: string;
}

/** Every id of a case or a feature has one row in the list that explains it. */
export const ids: Gate = ({ files, sources }) => {
  const rows = idsOf(LIST, files.get(LIST) ?? "", ROW);
  const listed = new Set(rows.map(({ id }) => id));
  const cases = [...files]
    .filter(([path]) => path !== "pnpm-lock.yaml")
    .flatMap(([path, text]) => idsOf(path, text, CASE));
  const features = [...sources.values()].flatMap((source) =>
    titles(source).flatMap(({ start, text }) =>
      [...text.matchAll(FEATURE)].map(([id]) => ({ path: source.path, line: source.lineAt(start), id })),
    ),
  );
  const unlisted = [...cases, ...features].filter(({ id }) => !listed.has(id));
  return [
    ...unlisted.map((place) => violation(place, "unlisted-id", `${place.id} has no row in ${LIST}`)),
    ...repeated(rows).map((row) => violation(row, "repeated-id", `${row.id} has a row already`)),
  ];
};

function idsOf(path: string, text: string, pattern: RegExp): readonly Place[] {
  return text.split("\n").flatMap((content, index) =>
    [...content.matchAll(new RegExp(pattern, "g"))].map((match) => ({
      path,
      line: index + 1,
      id: match[1] ?? match[0],
    })),
  );
}

function repeated(rows: readonly Place[]): readonly Place[] {
  return rows.filter(({ id }, index) => rows.findIndex((row) => row.id === id) < index);
}

function violation({ path, line }: Place, rule: string, detail: string): Violation {
  return { path, line, rule, detail };
}
