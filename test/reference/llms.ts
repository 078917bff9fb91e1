import type { Repository } from "../gates/repository.ts";

/** A page of the site. */
interface Page {
  /** Its path in the site, such as `/docs/sign-up.html`. */
  readonly path: string;
  readonly title: string;
  /** Its text, without hidden comments. */
  readonly text: string;
}

const TITLE = /^# (.+)$/m;

/** Makes `llms.txt`, the list of the pages, and `llms-full.txt`, their texts (llmstxt.org). */
export function llmsFiles(
  { files }: Repository,
  reference: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const summary =
    /^# .+\n\n((?:.+\n)+)/
      .exec(files.get("README.md") ?? "")?.[1]
      ?.replaceAll("\n", " ")
      .trim() ?? "";
  const guides = [...files]
    .filter(([path]) => /^docs\/(?!reference\/|README\.md|index\.md).*\.md$/.test(path))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const pages = [...guides, ...reference].map(([path, text]) => pageOf(path, text));
  const listOf = (has: (path: string) => boolean): string =>
    pages
      .filter(({ path }) => has(path))
      .map(row)
      .join("\n");
  const isReference = (path: string): boolean => path.startsWith("/docs/reference/");
  const isDecision = (path: string): boolean => path.startsWith("/docs/decisions/");
  const head = `# Latchkey\n\n> ${summary}\n`;
  const lists = [
    `## Guides\n\n${listOf((path) => !isReference(path) && !isDecision(path))}\n`,
    `## Reference\n\n${listOf(isReference)}\n`,
    `## Optional\n\n${listOf(isDecision)}\n`,
  ];
  const full = pages.map(({ path, text }) => `<!-- ${path} -->\n\n${text}\n`);
  return new Map([
    ["docs/public/llms.txt", [head, ...lists].join("\n")],
    ["docs/public/llms-full.txt", [head, ...full].join("\n")],
  ]);
}

function pageOf(file: string, document: string): Page {
  const text = document.replaceAll(/^<!--[\s\S]*?-->\n+/gm, "").trim();
  const path = file
    .replace(/^docs/, "")
    .replace(/(README|index)\.md$/, "")
    .replace(/\.md$/, ".html");
  return { path, title: TITLE.exec(text)?.[1] ?? path, text };
}

/** One line for a page: its title, and the first paragraph after it. */
function row({ path, title, text }: Page): string {
  const begin = text.slice(text.search(TITLE)).split("\n\n")[1] ?? "";
  const isText = /^[A-Z`]/.test(begin) && !begin.includes("```");
  const sentence = isText ? `: ${begin.replaceAll("\n", " ").split(/(?<=[.:])\s/, 1)[0]}` : "";
  return `- [${title}](${path})${sentence}`;
}
