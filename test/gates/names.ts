import type { Gate } from "./repository.ts";

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const EMPTY_WORDS: ReadonlySet<string> = new Set([
  "util",
  "utils",
  "helper",
  "helpers",
  "manager",
  "service",
  "services",
  "common",
]);

const TOP_LEVEL: readonly string[] = [
  "package.json",
  "tsconfig.json",
  "packages",
  "examples",
  "docs",
  "test",
  "pnpm-workspace.yaml",
  "README.md",
  "pnpm-lock.yaml",
  "biome.json",
  "LICENSE",
  "SECURITY.md",
  "CONTRIBUTING.md",
];

/** A file is named for the one noun that it holds. */
export const names: Gate = ({ files }) =>
  [...files.keys()]
    .filter((path) => /^packages\/[^/]+\/src\//.test(path))
    .flatMap((path) => {
      const words = path.split("/").slice(3).map(stem);
      const odd = words.find((word) => !KEBAB.test(word));
      const empty = words.flatMap((word) => word.split("-")).find((word) => EMPTY_WORDS.has(word));
      if (odd !== undefined)
        return [{ path, line: 1, rule: "file-name", detail: `${odd} is not kebab-case` }];
      if (empty === undefined) return [];
      return [{ path, line: 1, rule: "file-name", detail: `${empty} says nothing: name the noun` }];
    });

/** The top level of the repository is exactly the list above, and dotfiles. */
export const topLevel: Gate = ({ files }) => {
  const present = new Set([...files.keys()].map((path) => path.split("/")[0] ?? path));
  const extra = [...present].filter((name) => !name.startsWith(".") && !TOP_LEVEL.includes(name));
  const missing = TOP_LEVEL.filter((name) => !present.has(name));
  return [
    ...extra.map((path) => ({ path, line: 1, rule: "top-level", detail: "does not belong here" })),
    ...missing.map((path) => ({ path, line: 1, rule: "top-level", detail: "is missing" })),
  ];
};

function stem(name: string): string {
  return name.replace(/(\.test(-d)?)?\.[a-z]+$/, "");
}
