import { cycles } from "../gates/imports.ts";
import { languageOf } from "../gates/language.ts";
import { packageSources, type Repository, type Violation } from "../gates/repository.ts";
import { longestChain } from "./chain.ts";
import { coreSources, counted, type Finding, type Measure } from "./finding.ts";
import { commonLength, forwarders, genericFunctions, greatestLength } from "./functions.ts";
import type { StaticId } from "./limits.ts";
import { algorithmTables, caches, routeLists } from "./owners.ts";
import { firstForbiddenWords, otherForbiddenWords } from "./words.ts";

type Row = readonly [id: StaticId, label: string, goal: number, find: (repository: Repository) => Finding];

const rows: readonly Row[] = [
  ["files", "source files: all packages", 205, (repository) => filesOf(packageSources(repository))],
  ["coreFiles", "source files: core", 115, (repository) => filesOf(coreSources(repository))],
  ["forwarders", "functions that only forward to another (core)", 20, forwarders],
  ["genericFunctions", "generic functions (core)", 15, genericFunctions],
  ["importChain", "longest chain of value imports (core)", 11, longestChain],
  ["commonLength", "function length, p95", 19, commonLength],
  ["greatestLength", "function length, max", 60, greatestLength],
  ["any", "any", 0, (repository) => breaches(repository, "any")],
  ["nonNull", "non-null !", 0, (repository) => breaches(repository, "non-null")],
  ["cycles", "import cycles", 0, (repository) => counted(cycles(repository).map(({ detail }) => detail))],
  ["caches", "hand-made caches (core)", 1, caches],
  ["algorithmTables", "tables of facts about alg (core)", 1, algorithmTables],
  ["routeLists", "lists of the routes (core)", 1, routeLists],
  ["firstWords", "nobody, somebody, whoever, anew, meanwhile", 0, firstForbiddenWords],
  ["otherWords", "heed, demand, settle, go on, be it, what is over, of old", 0, otherForbiddenWords],
];

/** What can be read from the sources. */
export function staticMeasures(repository: Repository): readonly Measure[] {
  return rows.map(([id, label, goal, find]) => ({ id, label, goal, ...find(repository) }));
}

function filesOf(sources: readonly { readonly path: string }[]): Finding {
  return counted(sources.map(({ path }) => path));
}

function breaches(repository: Repository, rule: Violation["rule"]): Finding {
  const found = packageSources(repository).flatMap(languageOf);
  return counted(found.filter((breach) => breach.rule === rule).map(({ path, line }) => `${path}:${line}`));
}
