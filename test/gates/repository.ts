import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSource, type Source } from "./source.ts";

/** A breach of a rule, at a line counted from 1. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly detail: string;
}

export type Gate = (repository: Repository) => readonly Violation[];

/** The text files of the project, and those of them that are TypeScript, parsed. */
export interface Repository {
  readonly files: ReadonlyMap<string, string>;
  readonly sources: ReadonlyMap<string, Source>;
}

export function repository(files: ReadonlyMap<string, string>): Repository {
  const sources = new Map<string, Source>();
  for (const [path, text] of files) {
    if (/\.tsx?$/.test(path)) sources.set(path, parseSource(path, text));
  }
  return { files, sources };
}

/** Reads what git tracks or would track under `root`. */
export function readRepository(root: string): Repository {
  const listing = execFileSync(
    "git",
    ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root, encoding: "utf8" },
  );
  const paths = listing.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
  const files = paths.map((path) => [path, readFileSync(join(root, path), "utf8")] as const);
  return repository(new Map(files));
}

/** What is published: the sources of the packages without their tests. */
export function packageSources(repository: Repository): readonly Source[] {
  return [...repository.sources.values()].filter(
    ({ path }) => /^packages\/[^/]+\/src\//.test(path) && !/\.test(-d)?\.tsx?$/.test(path),
  );
}

/** A violation at the line of an offset. */
export function at(source: Source, offset: number, rule: string, detail: string): Violation {
  return { path: source.path, line: source.lineAt(offset), rule, detail };
}
