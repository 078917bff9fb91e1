/** A module that the code blocks of a page make up. */
export interface PageModule {
  /** The page, such as `docs/sessions.md`. */
  readonly page: string;
  /** The path of the module beside the other modules of the page. */
  readonly name: string;
  /** How a test uses it: `runnable` ends by itself, and `server` answers requests. */
  readonly use: "compiled" | "runnable" | "server";
  /** The code. Each line has the number that it has in the page. */
  readonly text: string;
}

/** A code block, or a hidden comment with code. */
interface Block {
  readonly info: string;
  /** The number of the first line of code, counted from 0. */
  readonly first: number;
  readonly lines: readonly string[];
}

interface Draft {
  readonly name: string;
  use: PageModule["use"];
  readonly lines: Map<number, string>;
}

const OPENING = /^ *(?:```(?<info>tsx?\b.*)|<!-- (?<hidden>tsx?))$/;
const NAME = /^\/\/ ([^\s,]+\.tsx?)(?:,.*)?$/;

/** Reads the modules of a page. CONTRIBUTING.md has the rules. */
export function modulesOf(page: string, document: string): readonly PageModule[] {
  const drafts = new Map<string, Draft>();
  let prelude: Block | null = null;
  let latest: Draft | null = null;
  for (const block of blocksOf(document)) {
    if (isHidden(block) && nameOf(block) === null) {
      prelude = block;
      continue;
    }
    if (prelude === null && isFragment(block)) continue;
    latest = draftOf(block, drafts, latest, page);
    for (const part of [prelude, block]) if (part !== null) write(part, latest);
    prelude = null;
  }
  if (prelude !== null) throw new Error(`${page}:${prelude.first} no code block follows the hidden code`);
  return [...drafts.values()].map(({ name, use, lines }) => ({ page, name, use, text: textOf(lines) }));
}

function blocksOf(document: string): readonly Block[] {
  const lines = document.split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const opening = OPENING.exec(lines[at] ?? "")?.groups;
    const isCode = opening === undefined && /^ *```./.test(lines[at] ?? "");
    if (opening === undefined && !isCode) continue;
    const info = opening?.["info"] ?? (isCode ? "" : `${opening?.["hidden"]} hidden`);
    const end = lines.findIndex(
      (line, index) => index > at && (info.endsWith("hidden") ? line.trim() === "-->" : /^ *```$/.test(line)),
    );
    const last = end === -1 ? lines.length : end;
    if (!isCode) blocks.push({ info, first: at + 1, lines: lines.slice(at + 1, last) });
    at = last;
  }
  return blocks;
}

function isHidden({ info }: Block): boolean {
  return info.endsWith("hidden");
}

/** A block that shows a part of a program. */
function isFragment(block: Block): boolean {
  return !block.info.includes(" ") && !block.lines[0]?.startsWith("import ") && nameOf(block) === null;
}

function nameOf({ lines }: Block): string | null {
  return NAME.exec(lines[0]?.trim() ?? "")?.[1] ?? null;
}

function draftOf(block: Block, drafts: Map<string, Draft>, latest: Draft | null, page: string): Draft {
  const marks = block.info.split(" ").slice(1);
  if (marks.includes("continued")) {
    if (latest === null) throw new Error(`${page}:${block.first} continues no code block`);
    return latest;
  }
  const language = block.info.split(/\W/, 1)[0];
  const name = nameOf(block) ?? `line-${block.first}.${language}`;
  const draft = drafts.get(name) ?? { name, use: "compiled", lines: new Map() };
  if (marks.includes("runnable")) draft.use = "runnable";
  if (marks.includes("server")) draft.use = "server";
  drafts.set(name, draft);
  return draft;
}

function write(block: Block, draft: Draft): void {
  for (const [index, line] of block.lines.entries()) draft.lines.set(block.first + index, line);
}

function textOf(lines: ReadonlyMap<number, string>): string {
  const last = Math.max(...lines.keys());
  return Array.from({ length: last + 1 }, (_, index) => lines.get(index) ?? "").join("\n");
}
