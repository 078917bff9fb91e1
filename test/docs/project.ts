import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { modulesOf, type PageModule } from "./blocks.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** The modules of pages, written to a folder beside the packages that they import. git ignores it. */
export interface Project {
  readonly modules: readonly PageModule[];
  fileOf(module: PageModule): string;
  /** Compiles every module in one program. Returns its errors, at the lines of the pages. */
  compile(): Promise<readonly string[]>;
  remove(): void;
}

/** The pages of `docs` without the reference, which a command makes. */
export function readPages(): ReadonlyMap<string, string> {
  const paths = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .map((path) => `docs/${path}`)
    .filter((path) => path.endsWith(".md") && !/\/(node_modules|reference)\//.test(path));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

export function writeModules(pages: ReadonlyMap<string, string>): Project {
  const folder = fileURLToPath(new URL(`./.latchkey/${process.pid}`, import.meta.url));
  const modules = [...pages].flatMap(([page, document]) => modulesOf(page, document));
  const fileOf = ({ page, name: module }: PageModule): string => join(folder, page, module);
  for (const module of modules) write(fileOf(module), module.text);
  return {
    modules,
    fileOf,
    compile: () => compile(folder),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The options of a user's project: strict, without the options of this repository. */
const compilerOptions = {
  strict: true,
  target: "ES2023",
  lib: ["ES2024", "DOM", "DOM.Iterable"],
  module: "ESNext",
  moduleResolution: "Bundler",
  moduleDetection: "force",
  jsx: "react-jsx",
  types: ["node"],
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
};

function compile(folder: string): Promise<readonly string[]> {
  write(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["**/*.ts", "**/*.tsx"] }));
  return new Promise((resolve) => {
    execFile(process.execPath, [TSC, "-p", folder, "--pretty", "false"], { cwd: folder }, (_, out) =>
      resolve(out.split("\n").flatMap((line) => atPage(line))),
    );
  });
}

/** An error of a module as an error of its page. The sources of the packages have other options, so they are left out. */
function atPage(line: string): readonly string[] {
  const place = /^(docs\/.+?\.md)\/.+?\((\d+),\d+\): (error .*)$/.exec(line);
  if (place !== null) return [`${place[1]}:${place[2]} ${place[3]}`];
  return /^error /.test(line) ? [line] : [];
}
