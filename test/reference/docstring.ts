import type { Source } from "../gates/source.ts";

/** The text of the docstring that stands before an offset, with only blanks and the signs of a union between; empty without one. */
export function docOf(source: Source, offset: number): string {
  const comment = source.comments.findLast(
    ({ type, value, start, end }) =>
      type === "Block" &&
      value.startsWith("*") &&
      start < offset &&
      /^(?:[\s|(&]|\/\/.*\n)*$/.test(source.text.slice(end, offset)),
  );
  return comment === undefined ? "" : plain(comment.value);
}

/** The first sentence of a docstring, on one line. */
export function firstSentence(doc: string): string {
  const paragraph = doc.split("\n\n", 1)[0]?.replaceAll("\n", " ") ?? "";
  const end = /[.:](?= (?:[A-Z`-]|$)|$)/.exec(paragraph);
  const sentence = end === null ? paragraph : paragraph.slice(0, end.index);
  return `${sentence}.`;
}

/** A docstring as Markdown, without its examples. */
export function asMarkdown(doc: string): string {
  return doc.split(/^@/m, 1)[0]?.trim() ?? "";
}

function plain(comment: string): string {
  return comment
    .slice(1)
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}
