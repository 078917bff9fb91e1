import { posix } from "node:path";
import type { Repository } from "./repository.ts";
import type { Source } from "./source.ts";

/** One module named by another: an import, a re-export, `import()`, or `import("…")` in a type. */
export interface Reference {
  readonly specifier: string;
  readonly offset: number;
}

export function references(source: Source): readonly Reference[] {
  return source.places.flatMap(({ node }) => {
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "ExportNamedDeclaration":
      case "ImportExpression":
      case "TSImportType": {
        const named = node.source;
        if (named?.type !== "Literal" || typeof named.value !== "string") return [];
        return [{ specifier: named.value, offset: node.start }];
      }
      default:
        return [];
    }
  });
}

/** The files that the packages publish, by the name that an import gives them. */
export function entries(repository: Repository): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [path, text] of repository.files) {
    if (!/^packages\/[^/]+\/package\.json$/.test(path)) continue;
    const manifest: { name: string; exports?: Record<string, string> } = JSON.parse(text);
    for (const [entry, target] of Object.entries(manifest.exports ?? {})) {
      found.set(posix.join(manifest.name, entry), posix.join(posix.dirname(path), target));
    }
  }
  return found;
}

/** The file of this repository that a specifier names, or null for a module from outside. */
export function resolve(
  from: Source,
  specifier: string,
  published: ReadonlyMap<string, string>,
): string | null {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from.path), specifier);
  return published.get(specifier) ?? null;
}
