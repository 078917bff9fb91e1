import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** The compilers that an application may have, by the names under which they are installed here. */
export const compilers = ["typescript-5.4", "typescript-5.9", "typescript"] as const;
export type Compiler = (typeof compilers)[number];

const MODULES = { bundler: "esnext", nodenext: "nodenext" } as const;
export type ModuleResolution = keyof typeof MODULES;

/** A project that has the declarations of every package, as the packed packages have them. */
export interface Project {
  readonly folder: string;
  remove(): void;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly publishConfig: { readonly exports: Readonly<Record<string, string>> };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * Emits the declarations of every package into a new project, so that no `dist` changes under another test. A package
 * sees its own dependencies, and the project the peers alone, as pnpm has it: a type that is named by a dependency of a
 * dependency is an error here.
 */
export async function installDeclarations(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-types-"));
  const modules = join(folder, "node_modules");
  const packages = readdirSync(join(ROOT, "packages")).map((name) => join(ROOT, "packages", name));
  await Promise.all(packages.map((source) => install(source, modules)));
  link(join(ROOT, "node_modules/valibot"), join(modules, "valibot"));
  for (const sources of ["consumers", "misuse"])
    cpSync(join(ROOT, "test/types", sources), join(folder, sources), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function install(source: string, modules: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as Manifest;
  const { name, version, publishConfig, dependencies = {}, peerDependencies = {} } = manifest;
  const target = join(modules, name);
  mkdirSync(target, { recursive: true });
  const packed = { name, version, type: "module", exports: publishConfig.exports };
  writeFileSync(join(target, "package.json"), JSON.stringify(packed));
  const installed = join(source, "node_modules");
  for (const own of Object.keys(dependencies).filter((each) => !each.startsWith("@latchkey/")))
    link(join(installed, own), join(target, "node_modules", own));
  const peers = Object.keys(peerDependencies);
  for (const peer of [...peers, ...peers.map((each) => `@types/${each}`)])
    link(join(installed, peer), join(modules, peer));
  // `check` checks the sources. Declarations need no check: every one is written out.
  const emit = ["-p", source, "--noCheck", "--emitDeclarationOnly", "--outDir", join(target, "dist")];
  await run(process.execPath, [binaryOf("typescript"), ...emit]);
}

function link(from: string, to: string): void {
  if (!existsSync(from) || existsSync(to)) return;
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(realpathSync(from), to);
}

const binaryOf = (compiler: Compiler): string => join(ROOT, "node_modules", compiler, "bin/tsc");

export interface Compilation {
  readonly compiler: Compiler;
  readonly moduleResolution: ModuleResolution;
  /** A folder of sources, or one source, which is compiled with its imports. */
  readonly sources: string;
  /** Whether to check the declarations of the packages themselves, and of what they import. Default false. */
  readonly checksDeclarations?: boolean;
}

/** Where a compilation puts its declarations. */
export const outputOf = ({ compiler, moduleResolution, sources }: Compilation): string =>
  join("out", compiler, moduleResolution, sources);

/** Compiles sources of a project, and emits their declarations. Returns what the compiler prints. */
export async function compile({ folder }: Project, compilation: Compilation): Promise<string> {
  const { compiler, moduleResolution, sources, checksDeclarations = false } = compilation;
  const outDir = outputOf(compilation);
  const config = `tsconfig.${outDir.replaceAll(sep, ".")}.json`;
  const compilerOptions = {
    strict: true,
    declaration: true,
    emitDeclarationOnly: true,
    skipLibCheck: !checksDeclarations,
    target: "es2022",
    lib: ["es2022", "dom", "dom.iterable"],
    types: [],
    jsx: "react-jsx",
    module: MODULES[moduleResolution],
    moduleResolution,
    rootDir: sources.split("/")[0],
    outDir,
  };
  writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, include: [sources] }));
  try {
    await run(process.execPath, [binaryOf(compiler), "-p", config, "--pretty", "false"], { cwd: folder });
    return "";
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}
