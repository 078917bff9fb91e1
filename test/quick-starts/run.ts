import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildAndPack, type PackedPackage } from "../packed/project.ts";
import { type QuickStart, quickStartOf } from "./page.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGES = ["docs/hono.md", "docs/next.md", "docs/workers.md"];
const run = promisify(execFile);

/** The Node of the machine, which need not be the one of this program. */
const MACHINE_PATH = (process.env["PATH"] ?? "")
  .split(":")
  .filter((part) => !part.includes("node_modules") && !part.includes("/pnpm/"))
  .join(":");

const wanted = process.argv.slice(2);
const tarballs = mkdtempSync(join(tmpdir(), "latchkey-tarballs-"));
try {
  const packages = await buildAndPack(tarballs);
  for (const page of wanted.length > 0 ? wanted : PAGES) await follow(page, packages);
} finally {
  rmSync(tarballs, { recursive: true, force: true });
}

/** Does what a page says, in an empty folder with an empty home, and fails if the last command does not show the new user. */
async function follow(page: string, packages: readonly PackedPackage[]): Promise<void> {
  const begun = performance.now();
  const steps = quickStartOf(page, readFileSync(join(ROOT, page), "utf8"));
  const folder = mkdtempSync(join(tmpdir(), "latchkey-quick-start-"));
  const shell = shellIn(folder);
  try {
    for (const [path, text] of steps.files) write(join(folder, path), text);
    await shell(withTarballs(steps.install, packages));
    if (await isOldNode(shell)) await shell("npm install --save-dev node@24");
    const installed = performance.now();
    const shown = await whileRunning(steps, folder, () => shell(`set -o pipefail\n${steps.attempt}`));
    expectUser(page, shown);
    const seconds = (from: number): string => ((performance.now() - from) / 1_000).toFixed(0);
    console.log(
      `${page}: works, ${seconds(begun)} s, ${seconds(installed)} s of them without the installation`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Shell = (script: string) => Promise<string>;

function shellIn(folder: string): Shell {
  const env = environmentOf(folder);
  return async (script) =>
    (await run("bash", ["-ec", script], { cwd: folder, env, maxBuffer: 2 ** 26 })).stdout;
}

function environmentOf(folder: string): Readonly<Record<string, string>> {
  const home = join(folder, ".home");
  mkdirSync(home, { recursive: true });
  return {
    PATH: `${folder}/node_modules/.bin:${MACHINE_PATH}`,
    HOME: home,
    CI: "true",
    NEXT_TELEMETRY_DISABLED: "1",
    WRANGLER_SEND_METRICS: "false",
  };
}

async function isOldNode(shell: Shell): Promise<boolean> {
  const [major = 0, minor = 0] = (await shell("node --version")).slice(1).split(".").map(Number);
  return major < 22 || (major === 22 && minor < 18);
}

/** The packages are on no registry yet: installs each of them, and those that it needs, from its tarball. */
function withTarballs(commands: string, packages: readonly PackedPackage[]): string {
  return commands.replace(/(?:@latchkey\/\S+ ?)+/g, (names) => {
    const needed = new Set(names.trim().split(" "));
    for (const name of needed) for (const each of packageOf(name, packages).needs) needed.add(each);
    return `${[...needed].map((name) => packageOf(name, packages).tarball).join(" ")} `;
  });
}

function packageOf(name: string, packages: readonly PackedPackage[]): PackedPackage {
  const found = packages.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no package ${name}`);
  return found;
}

async function whileRunning(
  { start, origin }: QuickStart,
  folder: string,
  attempt: () => Promise<string>,
): Promise<string> {
  if (await answers(origin)) throw new Error(`another program answers at ${origin}`);
  // A group of its own, so that the processes that it starts end with it.
  const child = spawn("bash", ["-ec", start], { cwd: folder, env: environmentOf(folder), detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  try {
    for (let tries = 0; !(await answers(origin)); tries++) {
      if (child.exitCode !== null || tries > 600)
        throw new Error(`the application did not start:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return await attempt();
  } catch (error) {
    throw new Error(`${error}\n${output}`, { cause: error });
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }
}

function answers(origin: string): Promise<boolean> {
  return fetch(origin).then(
    (response) => response.text().then(() => true),
    () => false,
  );
}

/** The first line is the answer of the sign-up. The rest must name the same user. */
function expectUser(page: string, shown: string): void {
  const id = /"user":\{"id":"([^"]+)"/.exec(shown)?.[1];
  if (id === undefined || !shown.slice(shown.indexOf("}")).includes(id))
    throw new Error(`${page}: the last command does not show the user:\n${shown}`);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
