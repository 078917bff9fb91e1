import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const DOCUMENT = fileURLToPath(new URL("../../packages/core/HOSTS.md", import.meta.url));
/** Beside the packages that the snippets import, in a folder that git ignores. */
const FOLDER = fileURLToPath(new URL(`./.latchkey/${process.pid}`, import.meta.url));

/** Modules that the code of several hosts imports. */
const SHARED: ReadonlySet<string> = new Set(["auth.ts", "node.ts", "locals.d.ts", "context.ts"]);

export interface Section {
  readonly heading: string;
  /** Every line that is not blank: heading, prose, fences, imports. */
  readonly lines: number;
}

/** The section of a host, and the folder that its code was written to. */
export interface Written {
  readonly heading: string;
  readonly folder: string;
  /** The program or the hook first, then its other modules, and `auth.ts` last. */
  readonly files: readonly [string, ...string[]];
}

/** The sections of a document, including the text before the first heading. */
export function sectionsOf(document: string = readFileSync(DOCUMENT, "utf8")): readonly Section[] {
  return document.split(/^## /m).map((text) => {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return { heading: lines[0] ?? "", lines: lines.length };
  });
}

/** Writes the code of every host's section into a folder of its own, with the modules that several of them import. */
export function writeSnippets(): readonly Written[] {
  const document = readFileSync(DOCUMENT, "utf8");
  const shared = [...codeOf(document)].filter(([name]) => SHARED.has(name));
  return document.split(/^## /m).flatMap((section, index) => {
    const own = [...codeOf(section)].filter(([name]) => !SHARED.has(name));
    const [main, ...more] = own.map(([name]) => join(FOLDER, String(index), name));
    if (main === undefined) return [];
    const folder = join(FOLDER, String(index));
    for (const [name, code] of own) write(join(folder, name), code);
    for (const [name, code] of shared) write(join(dirname(main), name), code);
    const heading = section.split("\n", 1)[0] ?? "";
    return [{ heading, folder, files: [main, ...more, join(dirname(main), "auth.ts")] as const }];
  });
}

/** Writes the code of a section again, with a mistake in its main file. */
export function writeMistaken({ heading, folder, files }: Written, right: string, wrong: string): Written {
  const place = `${folder}-mistaken`;
  cpSync(folder, place, { recursive: true });
  const [main, ...more] = files.map((file) => join(place, relative(folder, file)));
  if (main === undefined) throw new Error(`${heading} has no file`);
  writeFileSync(main, readFileSync(main, "utf8").replace(right, wrong));
  return { heading, folder: place, files: [main, ...more] };
}

/** Writes the project of these sections, and returns its file. */
export function writeProject(sections: readonly Written[]): string {
  const file = join(FOLDER, `${sections.map(({ folder }) => basename(folder)).join("-")}.json`);
  write(file, JSON.stringify({ ...CONFIG, include: sections.map(({ folder }) => folder) }));
  return file;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

export function removeSnippets(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}

/** The compiler options of a user: strict, without the options of this repository. */
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
};

/** The files that the code of a text names, each with all of its pieces. */
function codeOf(text: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [, block = ""] of text.matchAll(/```ts\n([\s\S]*?)```/g)) {
    const [before = "", ...pieces] = block.split(/^\/\/ (?=\S+\.ts)/m);
    if (before !== "") throw new Error(`this code names no file: ${before}`);
    for (const piece of pieces) {
      const [name = ""] = piece.split(/[,\n]/, 1);
      files.set(name, (files.get(name) ?? "") + piece.slice(piece.indexOf("\n")));
    }
  }
  return files;
}
