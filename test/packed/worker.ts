import { build } from "esbuild";
import { Miniflare } from "miniflare";

/**
 * Bundles a module of a project as `wrangler` does, and answers what it says in workerd, without a compatibility flag. An
 * import of Node's fails the build.
 */
export async function askWorker(folder: string, file: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: [file],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    target: "es2024",
  });
  const script = outputFiles.map(({ text }) => text).join("");
  const host = new Miniflare({ modules: true, script, compatibilityDate: "2026-07-01" });
  try {
    return await (await host.dispatchFetch("http://worker/")).text();
  } finally {
    await host.dispose();
  }
}
