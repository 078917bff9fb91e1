import type { ImportDeclaration } from "oxc-parser";
import { entries, resolve } from "../gates/modules.ts";
import type { Repository } from "../gates/repository.ts";
import type { Source } from "../gates/source.ts";
import { coreSources, type Finding } from "./finding.ts";

// A gate keeps it out of what applications run.
const TEST_KIT = "packages/core/src/testing";

/**
 * The imports in the longest chain of files of core in which each imports a value from the next, without `import()`. The test kit
 * does not count.
 */
export function longestChain(repository: Repository): Finding {
  const published = entries(repository);
  const counted = coreSources(repository).filter(({ path }) => !path.startsWith(TEST_KIT));
  const sources = new Map(counted.map((source) => [source.path, source]));
  const known = new Map<string, readonly string[]>();
  const chainFrom = (source: Source): readonly string[] => {
    const found = known.get(source.path);
    if (found !== undefined) return found;
    // A cycle, which a gate refuses, must not make this one endless.
    known.set(source.path, [source.path]);
    const targets = valueImports(source).map((name) => sources.get(resolve(source, name, published) ?? ""));
    const chain = [source.path, ...longest(targets.map((target) => (target ? chainFrom(target) : [])))];
    known.set(source.path, chain);
    return chain;
  };
  const items = longest([...sources.values()].map(chainFrom));
  return { value: Math.max(items.length - 1, 0), items };
}

function longest(chains: readonly (readonly string[])[]): readonly string[] {
  return chains.reduce((best, chain) => (chain.length > best.length ? chain : best), []);
}

function valueImports(source: Source): readonly string[] {
  return source.program.body.flatMap((node) => {
    switch (node.type) {
      case "ImportDeclaration":
        return isTypeOnly(node) ? [] : [node.source.value];
      case "ExportAllDeclaration":
      case "ExportNamedDeclaration":
        return node.source === null || node.exportKind === "type" ? [] : [node.source.value];
      default:
        return [];
    }
  });
}

function isTypeOnly({ importKind, specifiers }: ImportDeclaration): boolean {
  if (importKind === "type") return true;
  const isType = (specifier: (typeof specifiers)[number]): boolean =>
    specifier.type === "ImportSpecifier" && specifier.importKind === "type";
  return specifiers.length > 0 && specifiers.every(isType);
}
