import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, pause } from "./demo-process.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EXAMPLE = join(ROOT, "examples/next-app");
const OVERLAY = join(ROOT, "test/e2e/next-app");
const NEXT = join(EXAMPLE, "node_modules/next/dist/bin/next");
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
const BUILT = join(EXAMPLE, ".latchkey/e2e");
const STAMP = join(BUILT, "stamp");
const LOCK = `${BUILT}.lock`;
const OWN = /(^|\/)(node_modules|\.next|\.latchkey|next-env\.d\.ts|[^/]*\.tsbuildinfo)$/;
const SOURCES = [
  "packages/client",
  "packages/core",
  "packages/next",
  "packages/sql",
  "examples/next-app",
  "test/e2e/next-app",
];

export interface NextApp {
  readonly port: number;
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

/** Builds the example with the pages of this folder beside its own, unless that is built already. */
export async function buildApp(): Promise<void> {
  mkdirSync(join(EXAMPLE, ".latchkey"), { recursive: true });
  while (!takeLock()) await pause(200);
  try {
    const stamp = stampOf();
    if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp) return;
    copySources();
    await build();
    await run(TSC, ["--noEmit", "-p", "."], environment());
    writeFileSync(STAMP, stamp);
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** The id that Next gave the build. */
export function buildId(): string {
  return readFileSync(join(BUILT, ".next/BUILD_ID"), "utf8");
}

/** Starts what was built, with users of its own in `folder`. */
export async function startApp(folder: string, env: Readonly<Record<string, string>> = {}): Promise<NextApp> {
  const port = await freePort();
  const child = spawn(process.execPath, [NEXT, "start", "-p", String(port)], {
    cwd: BUILT,
    env: { ...environment(), LATCHKEY_EXAMPLE_DIR: folder, ...env },
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  for (let tries = 0; !output.includes("Ready in"); tries++) {
    if (child.exitCode !== null || tries > 1_000) throw new Error(`no server: ${output}`);
    await pause(100);
  }
  const stop = (): Promise<void> => {
    child.kill("SIGKILL");
    return ended;
  };
  return { port, output: () => output, stop };
}

// The two files of tests may begin at once; the process that held the lock may have been killed.
function takeLock(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (!isRunning(Number(readLock()))) rmSync(LOCK, { force: true });
    return false;
  }
}

function readLock(): string {
  return existsSync(LOCK) ? readFileSync(LOCK, "utf8") : "";
}

function isRunning(pid: number): boolean {
  try {
    return pid === 0 || process.kill(pid, 0);
  } catch {
    return false;
  }
}

function stampOf(): string {
  const hash = createHash("sha256").update(process.version);
  for (const name of ["pnpm-lock.yaml", "tsconfig.json"]) hash.update(readFileSync(join(ROOT, name)));
  for (const source of SOURCES)
    for (const file of filesIn(join(ROOT, source))) hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => ({ entry, path: join(folder, entry.name) }))
    .filter(({ path }) => !OWN.test(path))
    .flatMap(({ entry, path }) => (entry.isDirectory() ? filesIn(path) : [path]))
    .sort();
}

function copySources(): void {
  rmSync(STAMP, { force: true });
  for (const name of existsSync(BUILT) ? readdirSync(BUILT) : []) {
    rmSync(join(BUILT, name), { recursive: true });
  }
  for (const from of [EXAMPLE, OVERLAY]) {
    for (const file of filesIn(from)) cpSync(file, join(BUILT, file.slice(from.length)));
  }
  const config = join(BUILT, "tsconfig.json");
  writeFileSync(config, readFileSync(config, "utf8").replace("../../tsconfig", "../../../../tsconfig"));
}

/** Builds without a secret. One page is rendered by the build and asks for the session, so the build serves localhost. */
function build(): Promise<void> {
  const env: NodeJS.ProcessEnv = { ...environment(), AUTH_URL: undefined, AUTH_SECRET: undefined };
  return run(NEXT, ["build"], env);
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...args], { cwd: BUILT, env }, (error, out, err) =>
      error === null ? resolve() : reject(new Error(out + err)),
    );
  });
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
}
