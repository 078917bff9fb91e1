import { build } from "esbuild";
import { Miniflare } from "miniflare";

/** Bundles a test Worker the way a user's tools would: for no platform, so an import of Node's fails the build. */
export function bundle(name: string): Promise<string> {
  return bundleFile(new URL(`./workers/${name}.ts`, import.meta.url));
}

export async function bundleFile(file: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [file.pathname],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd", "import"],
    mainFields: ["module", "main"],
    target: "es2022",
  });
  return outputFiles.map(({ text }) => text).join("");
}

/** Runs a Worker in workerd without a compatibility flag. */
export function workerd(script: string, persistTo?: string): Miniflare {
  return new Miniflare({
    modules: true,
    script,
    compatibilityDate: "2026-07-01",
    durableObjects: {
      SESSIONS: { className: "SessionObject", useSQLite: true },
      FRAGILE: { className: "FragileObject", useSQLite: true },
    },
    ...(persistTo === undefined ? {} : { durableObjectsPersist: persistTo }),
  });
}
