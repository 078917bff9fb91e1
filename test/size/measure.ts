import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import type { Budget } from "./budgets.ts";

/** What a budget's module weighs. */
export interface Weight {
  readonly bytes: number;
  /** The files in it that must not be. */
  readonly forbidden: readonly string[];
}

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Bundles for no platform in particular, and weighs what is loaded at once: a chunk that is imported later is not. */
export async function weigh({ source, external, without }: Budget): Promise<Weight> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: source, resolveDir: HERE, loader: "ts" },
    bundle: true,
    minify: true,
    splitting: true,
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
  const loaded = loadedAtOnce(metafile);
  const files = outputFiles.filter(({ path }) => [...loaded].some((name) => path.endsWith(name)));
  const inputs = [...loaded].flatMap((name) => Object.entries(metafile.outputs[name]?.inputs ?? {}));
  const weighing = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return {
    bytes: files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0),
    forbidden: weighing.filter((path) => without.some((part) => path.includes(part))),
  };
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
