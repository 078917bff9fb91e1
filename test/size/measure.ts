import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildResult, build, type Metafile, type OutputFile } from "esbuild";
import type { Budget } from "./budgets.ts";

/** What a budget's module weighs. */
export interface Weight {
  /** What is loaded at once. */
  readonly bytes: number;
  /** The same with all that is loaded later, in one file, as a Worker is deployed. */
  readonly whole: number;
  /** The files in what is loaded at once that must not be. */
  readonly forbidden: readonly string[];
}

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Bundles for no platform in particular, and weighs what is loaded at once: a chunk that is imported later is not. */
export async function weigh(budget: Budget): Promise<Weight> {
  const { metafile, outputFiles } = await bundle(budget, true);
  const loaded = loadedAtOnce(metafile);
  const files = outputFiles.filter(({ path }) => [...loaded].some((name) => path.endsWith(name)));
  const inputs = [...loaded].flatMap((name) => Object.entries(metafile.outputs[name]?.inputs ?? {}));
  const weighing = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return {
    bytes: zipped(files),
    whole: zipped((await bundle(budget, false)).outputFiles),
    forbidden: weighing.filter((path) => budget.without.some((part) => path.includes(part))),
  };
}

function bundle({ source, external }: Budget, splitting: boolean): Promise<BuildResult<Unwritten>> {
  return build({
    stdin: { contents: source, resolveDir: HERE, loader: "ts" },
    bundle: true,
    minify: true,
    splitting,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["import"],
    external: [...external],
    outdir: "size",
    metafile: true,
    write: false,
    logLevel: "error",
  });
}

type Unwritten = { metafile: true; write: false };

function zipped(files: readonly OutputFile[]): number {
  return files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
}

function loadedAtOnce({ outputs }: Metafile): ReadonlySet<string> {
  const queue = Object.keys(outputs).filter((name) => name.endsWith("stdin.js"));
  const loaded = new Set<string>();
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (loaded.has(name)) continue;
    loaded.add(name);
    const imports = outputs[name]?.imports ?? [];
    queue.push(...imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => path));
  }
  return loaded;
}
