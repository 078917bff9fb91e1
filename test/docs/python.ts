import { spawnSync } from "node:child_process";
import type { TestContext } from "vitest";

/** The Python of Debian, whose packages are those of Debian. */
export const PYTHON = "/usr/bin/python3";

/** Skips a test where Python lacks a module, and fails it with `CI=true`. */
export function needPython(context: TestContext, module: string, debianPackage: string): void {
  if (spawnSync(PYTHON, ["-c", `import ${module}`]).status === 0) return;
  const missing = `Python has no module ${module} here: run \`apt-get install ${debianPackage}\``;
  if (process.env["CI"] === "true") throw new Error(missing);
  context.skip(missing);
}
