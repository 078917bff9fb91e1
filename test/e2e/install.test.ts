import { execFileSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MEGABYTE = 1_000_000;

it("the demo installs its own packages, and neither those of the tests nor those of other examples", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-install-"));
  try {
    copyManifests(folder);
    // Only Node has a script in this install, which would download it.
    execFileSync(process.execPath, ["examples/install.js", "@latchkey/example-node-hono"], {
      cwd: folder,
      env: { ...process.env, PNPM_CONFIG_IGNORE_SCRIPTS: "true", PNPM_CONFIG_OFFLINE: "true" },
    });
    const packages = readdirSync(join(folder, "node_modules/.pnpm"));
    expect(
      packages.filter((name) => /^(next|vitest|typescript|vite|react|miniflare|workerd)@/.test(name)),
    ).toEqual([]);
    expect(packages.some((name) => name.startsWith("node@24"))).toBe(true);
    expect(existsSync(join(folder, "examples/node-hono/node_modules/@latchkey/core"))).toBe(true);
    // With Node, which is 190 MB, and the clone, which is 20 MB, the demo needs less than 250 MB.
    expect(bytesIn(folder)).toBeLessThan(40 * MEGABYTE);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** What an install reads: the lockfile, the settings, and the package.json of each package. */
function copyManifests(folder: string): void {
  const args = ["-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).split("\n");
  const needed =
    /(^|\/)package\.json$|^pnpm-(lock|workspace)\.yaml$|^examples\/install\.js$|\/cli\/main\.ts$/;
  for (const file of files) if (needed.test(file)) cpSync(join(ROOT, file), join(folder, file));
}

function bytesIn(path: string): number {
  const found = lstatSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}
