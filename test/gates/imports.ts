import { entries, references, resolve } from "./modules.ts";
import { at, type Gate, packageSources, type Violation } from "./repository.ts";
import type { Source } from "./source.ts";

const CORE_IMPORTS: readonly string[] = [
  "jose",
  "@oslojs/crypto",
  "@oslojs/encoding",
  "arctic",
  "oauth4webapi",
  "valibot",
  "@noble/hashes",
  "bcryptjs",
];

/** What only one entry of core may import, because it is an optional peer. */
const OTEL = { name: "@opentelemetry/api", files: "packages/core/src/otel/" };

/** Which modules a package source may name. */
export const imports: Gate = (repository) => packageSources(repository).flatMap(foreign);

const TESTING = "packages/core/src/testing";

/** No source of a package or an example uses the test kit. Its tests may. */
export const testKit: Gate = (repository) => {
  const published = entries(repository);
  return [...repository.sources.values()].filter(isProduction).flatMap((source) =>
    references(source).flatMap(({ specifier, offset }) => {
      const isKit = resolve(source, specifier, published)?.startsWith(TESTING) === true;
      return isKit ? [at(source, offset, "test-kit", `${specifier}: only tests use the test kit`)] : [];
    }),
  );
};

function isProduction({ path }: Source): boolean {
  return /^(packages|examples)\//.test(path) && !path.startsWith(TESTING) && !/\.test(-d)?\.tsx?$/.test(path);
}

/** No module reaches itself, not even by types. */
export const cycles: Gate = (repository) => {
  const published = entries(repository);
  const sources = packageSources(repository);
  const edges = new Map(
    sources.map((source) => [
      source.path,
      references(source).flatMap(({ specifier }) => resolve(source, specifier, published) ?? []),
    ]),
  );
  return sources.flatMap((source) => {
    const way = shortestCycle(edges, source.path);
    // A cycle is reported once: at the first of its files in alphabetical order.
    if (way === null || way.some((path) => path < source.path)) return [];
    return [at(source, 0, "cycle", [...way, source.path].join(" -> "))];
  });
};

/** The list of the routes: its exports name them. */
const ROUTE_LIST = "packages/core/src/http/routes/list.ts";

/** What is loaded later, one file for each `import()`: each further one makes bundlers cut what is loaded at once into more chunks. */
const LOADED_LATER: readonly string[] = [
  "packages/core/src/auth/rare.ts",
  "packages/core/src/http/routes/rare.ts",
];

/** Re-exports stand in the files that a package publishes, in the list of the routes and in what is loaded later, and nowhere else. */
export const barrels: Gate = (repository) => {
  const published = new Set([...entries(repository).values(), ROUTE_LIST, ...LOADED_LATER]);
  return packageSources(repository)
    .filter(({ path }) => !published.has(path))
    .flatMap(reexports);
};

function foreign(source: Source): Violation[] {
  const isCore = source.path.startsWith("packages/core/");
  const root = source.path.split("/").slice(0, 3).join("/");
  return references(source).flatMap(({ specifier, offset }) => {
    if (specifier.startsWith("node:"))
      return [at(source, offset, "node-import", `${specifier}: Web APIs only`)];
    if (!specifier.startsWith(".")) {
      const known =
        !isCore ||
        (specifier === OTEL.name && source.path.startsWith(OTEL.files)) ||
        CORE_IMPORTS.some((name) => specifier === name || specifier.startsWith(`${name}/`));
      return known ? [] : [at(source, offset, "core-dependency", `${specifier} is not on the card`)];
    }
    const isInside = resolve(source, specifier, new Map())?.startsWith(`${root}/`) === true;
    if (!isInside) return [at(source, offset, "package-border", `${specifier}: name the package`)];
    return /\.tsx?$/.test(specifier) ? [] : [at(source, offset, "extension", `${specifier}: write .ts`)];
  });
}

function shortestCycle(edges: ReadonlyMap<string, readonly string[]>, start: string): string[] | null {
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const next = edges.get(way.at(-1) ?? start) ?? [];
    if (next.includes(start)) return way;
    for (const path of next.filter((candidate) => !seen.has(candidate))) {
      seen.add(path);
      ways.push([...way, path]);
    }
  }
  return null;
}

function reexports(source: Source): Violation[] {
  const imported = new Set(
    source.places.flatMap(({ node, parent }) =>
      parent?.node.type === "ImportDeclaration" && "local" in node && node.local.type === "Identifier"
        ? [node.local.name]
        : [],
    ),
  );
  return source.program.body.flatMap((statement) => {
    const isExport = statement.type === "ExportNamedDeclaration" || statement.type === "ExportAllDeclaration";
    if (!isExport) return [];
    const passesOn =
      statement.source !== null ||
      (statement.type === "ExportNamedDeclaration" &&
        statement.specifiers.some(({ local }) => local.type === "Identifier" && imported.has(local.name)));
    return passesOn
      ? [at(source, statement.start, "barrel", "re-exports stand in the package's entries only")]
      : [];
  });
}
