import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const DOCUMENT = fileURLToPath(new URL("../../packages/core/HOSTS.md", import.meta.url));
/** Beside the packages that the snippets import, in a folder that git ignores. */
const FOLDER = fileURLToPath(new URL(`./.latchkey/${process.pid}`, import.meta.url));

/** What several sections import. */
const SHARED: ReadonlySet<string> = new Set(["auth.ts", "node.ts"]);

/** One section with code: its heading, how long its longest piece is, and the folder that it was written to. */
export interface Written {
  readonly heading: string;
  readonly lines: number;
  readonly folder: string;
  /** Where the program is, or the hook, and then what else it needs. */
  readonly files: readonly [string, ...string[]];
}

/** Writes the code of every section into a folder of its own, with the modules that several of them import. */
export function writeSnippets(): readonly Written[] {
  const [intro = "", ...sections] = readFileSync(DOCUMENT, "utf8").split(/^## /m);
  const all = [intro, ...sections].flatMap(codeOf);
  return sections.map((section, index) => {
    const heading = section.split("\n", 1)[0] ?? "";
    const [main, ...more] = codeOf(section).filter(({ name }) => !SHARED.has(name));
    if (main === undefined) throw new Error(`no code under ${heading} names its file`);
    const folder = join(FOLDER, String(index));
    const file = join(folder, main.name);
    for (const { name, code } of all) if (SHARED.has(name)) write(join(dirname(file), name), code);
    for (const { name, code } of [main, ...more]) write(join(folder, name), code);
    write(join(folder, "tsconfig.json"), JSON.stringify(CONFIG));
    const lines = Math.max(...[main, ...more].map(({ code }) => linesOf(code)));
    const modules = more.filter(({ name }) => !name.endsWith(".d.ts"));
    return { heading, lines, folder, files: [file, ...modules.map(({ name }) => join(folder, name))] };
  });
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

export function removeSnippets(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}

/** What a user has: strict, and nothing of this repository's. */
const CONFIG = {
  compilerOptions: {
    strict: true,
    target: "ES2023",
    lib: ["ES2024", "DOM", "DOM.Iterable"],
    module: "NodeNext",
    types: ["node"],
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  },
  include: ["."],
};

function codeOf(section: string): readonly { readonly name: string; readonly code: string }[] {
  const blocks = [...section.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)];
  return blocks.map(([, name = "", code = ""]) => ({ name, code }));
}

function linesOf(code: string): number {
  return code.split("\n").filter((line) => line.trim() !== "" && !/^import |^\/\*\*/.test(line)).length;
}
