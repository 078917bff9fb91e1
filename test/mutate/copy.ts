import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A copy of the tree, with the changes that are not committed. */
export interface Copy {
  readonly root: string;
  remove(): void;
}

/** Copies the tree into a git worktree in a temporary folder, and links the installed packages. */
export function copyTree(from: string): Copy {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-mutate-"));
  const root = join(folder, "tree");
  git(from, "worktree", "add", "--quiet", "--detach", root, "HEAD");
  for (const path of uncommitted(from)) {
    if (existsSync(join(from, path))) cpSync(join(from, path), join(root, path));
    else rmSync(join(root, path), { force: true });
  }
  linkPackages(from, root);
  return {
    root,
    remove: () => {
      git(from, "worktree", "remove", "--force", root);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function uncommitted(root: string): readonly string[] {
  const listing = git(root, "ls-files", "-z", "--modified", "--others", "--exclude-standard");
  return listing.split("\0").filter((path) => path !== "");
}

// The links of the workspace are relative, so they lead to the packages of the copy. The store of pnpm is shared.
function linkPackages(from: string, root: string): void {
  const folders = globSync(["node_modules", "{packages,examples,test}/*/node_modules"], { cwd: from });
  for (const folder of folders) {
    mkdirSync(dirname(join(root, folder)), { recursive: true });
    cpSync(join(from, folder), join(root, folder), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith("/.pnpm"),
    });
  }
  symlinkSync(join(from, "node_modules/.pnpm"), join(root, "node_modules/.pnpm"));
}

function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync("git", ["-c", "safe.directory=*", ...args], { cwd, encoding: "utf8" });
}
