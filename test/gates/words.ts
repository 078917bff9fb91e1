import type { Gate, Repository, Violation } from "./repository.ts";
import type { Source } from "./source.ts";
import { titles } from "./tests.ts";

/** A forbidden word in the project. */
export interface Occurrence {
  readonly path: string;
  readonly line: number;
  /** Its plain form, as the list below names it. */
  readonly word: string;
}

// In patterns, a line may end between two words. The names `Promise.allSettled` and `PromiseSettledResult` are the platform's.
const WORDS: readonly (readonly [word: string, pattern: string])[] = [
  ["nobody", "nobody"],
  ["somebody", "somebody"],
  ["whoever", "whoever"],
  ["anew", "anew"],
  ["meanwhile", "meanwhile"],
  ["heed", "heed(?:s|ed|ing|less)?"],
  ["demand", "demand(?:s|ed|ing)?"],
  ["settle", "(?<!all |promise )settl(?:e|es|ed|ing)"],
  ["go on", "(?:go|goes|going|went|gone)[\\s*/]+on"],
  ["be it", "be[\\s*/]+it"],
  ["what is over", "what[\\s*/]+is[\\s*/]+over"],
  ["of old", "of[\\s*/]+old(?! \\w)"],
];
const PATTERN = new RegExp(`\\b(?:${WORDS.map(([, pattern]) => `(${pattern})`).join("|")})\\b`, "gi");

/** Refuses the forbidden words. */
export const words: Gate = (repository) =>
  occurrences(repository).map(({ path, line, word }): Violation => {
    return { path, line, rule: "word", detail: `${word}: write plainly` };
  });

/** The forbidden words in sources, pages and documents, and in the titles and comments of tests. */
export function occurrences(repository: Repository): readonly Occurrence[] {
  return [...repository.files].flatMap(([path, text]) => {
    const source = repository.sources.get(path);
    if (source !== undefined && isTest(path)) return inTest(source);
    return source !== undefined || /\.(md|html|css)$/.test(path) ? inText(path, text, 1) : [];
  });
}

/** Whether a file belongs to the tests. */
export function isTest(path: string): boolean {
  return path.startsWith("test/") || /\.test(-d)?\.tsx?$/.test(path);
}

function inTest(source: Source): readonly Occurrence[] {
  const comments = source.comments.map(({ start, value }) => ({ start, text: value }));
  return [...comments, ...titles(source)].flatMap(({ start, text }) =>
    inText(source.path, text, source.lineAt(start)),
  );
}

function inText(path: string, text: string, firstLine: number): readonly Occurrence[] {
  // A name is read word by word; the length of the lines changes, and their number does not.
  const spaced = text.replaceAll("_", " ").replace(/(?<=[a-z])(?=[A-Z])/g, " ");
  return [...spaced.matchAll(PATTERN)].map((match) => {
    const word = WORDS[match.slice(1).findIndex((group) => group !== undefined)]?.[0] ?? match[0];
    return { path, line: firstLine + spaced.slice(0, match.index).split("\n").length - 1, word };
  });
}
