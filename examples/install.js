import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

// Installs everything, or what one example needs. It runs in the Node of the machine, before a newer one is installed.
const [example] = process.argv.slice(2);
const isComplete = existsSync("node_modules/vitest");

/** Without the packages of other examples, their metadata, and a second copy of Node. */
const NARROW = [
  "--prod",
  "--frozen-lockfile",
  "--config.trust-lockfile=true",
  "--config.side-effects-cache=false",
];

// After an install of everything, a narrower one would remove the rest.
const isNarrow = example !== undefined && !isComplete;
if (isNarrow && !existsSync("node_modules")) process.stdout.write("Installing what this example needs.\n");

const { status } = spawnSync(
  "pnpm",
  [
    "install",
    ...(isNarrow ? [...NARROW, "--filter", `${example}...`] : []),
    ...(isNarrow || isComplete ? ["--loglevel", "error"] : []),
  ],
  { stdio: "inherit", shell: process.platform === "win32" },
);
process.exit(status ?? 1);
