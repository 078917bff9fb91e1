/** A piece of code in a document, and its line, counted from 1. */
export interface Code {
  readonly line: number;
  readonly text: string;
  /** The language of its fence; empty without one. Null for code inside a sentence. */
  readonly language: string | null;
}

/** The code blocks of a Markdown document, and the code in its sentences. */
export function codeIn(document: string): readonly Code[] {
  const lines = document.split("\n");
  const found: Code[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const fence = /^ *```(\w*)/.exec(line);
    if (fence === null) {
      for (const [, text = ""] of line.matchAll(/(?<!`)`([^`]+)`(?!`)/g))
        found.push({ line: at + 1, text, language: null });
      continue;
    }
    const end = lines.findIndex((each, index) => index > at && /^ *```$/.test(each));
    const last = end === -1 ? lines.length : end;
    found.push({ line: at + 2, text: lines.slice(at + 1, last).join("\n"), language: fence[1] ?? "" });
    at = last;
  }
  return found;
}
