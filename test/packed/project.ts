import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PNPM = ["-y", "pnpm@12.21.0"];
const run = promisify(execFile);

export interface PackedPackage {
  readonly name: string;
  readonly source: string;
  readonly tarball: string;
  /** The other packages of the workspace that it depends on. */
  readonly needs: readonly string[];
  /** What an application can import of it. */
  readonly entries: readonly string[];
}

/** An empty project, with the packages from their tarballs. */
export interface Project {
  readonly folder: string;
  readonly packages: readonly PackedPackage[];
  remove(): void;
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * Builds and packs every package, and unpacks the tarballs into an empty project. What they depend on is linked from the
 * workspace, so that the network is not asked.
 */
export async function installPacked(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-packed-"));
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  const packages = await buildAndPack(folder);
  for (const { name, source, tarball } of packages) {
    linkDependencies(source, modules);
    await unpack(tarball, join(modules, name));
  }
  return { folder, packages, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Builds every published package, and packs them into a folder. */
export async function buildAndPack(folder: string): Promise<readonly PackedPackage[]> {
  const sources = readdirSync(join(ROOT, "packages")).map((name) => join(ROOT, "packages", name));
  const published = sources.filter((source) => manifestOf(source).private !== true);
  for (const source of published) {
    rmSync(join(source, "dist"), { recursive: true, force: true });
    await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", source]);
  }
  return pack(published, folder);
}

function manifestOf(source: string): Manifest {
  return JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as Manifest;
}

/** Packs all at once: each start of pnpm takes longer than what it packs. */
async function pack(sources: readonly string[], folder: string): Promise<readonly PackedPackage[]> {
  const manifests = sources.map((source) => ({ source, ...manifestOf(source) }));
  const filters = manifests.flatMap(({ name }) => ["--filter", name]);
  await run("npx", [...PNPM, ...filters, "pack", "--out", join(folder, "%s.tgz")], { cwd: ROOT });
  return manifests.map(({ name, source, exports = {}, dependencies, peerDependencies }) => ({
    name,
    source,
    needs: Object.keys({ ...dependencies, ...peerDependencies }).filter((each) =>
      each.startsWith("@latchkey/"),
    ),
    tarball: join(folder, `${name.replace("@", "").replace("/", "-")}.tgz`),
    entries: Object.keys(exports).map((entry) => join(name, entry)),
  }));
}

async function unpack(tarball: string, target: string): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
}

/** Links what an installer would have fetched, and no more; the workspace's own packages come from their tarballs. */
function linkDependencies(source: string, modules: string): void {
  const { dependencies, peerDependencies } = manifestOf(source);
  const wanted = Object.keys({ ...dependencies, ...peerDependencies });
  // An application that has React has its types.
  for (const name of [...wanted, ...wanted.map((name) => `@types/${name}`)]) {
    const installed = join(source, "node_modules", name);
    const link = join(modules, name);
    if (name.startsWith("@latchkey/") || existsSync(link) || !existsSync(installed)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(installed), link);
  }
}
