import { cycles } from "../gates/imports.ts";
import { languageOf } from "../gates/language.ts";
import { packageSources, type Repository, type Violation } from "../gates/repository.ts";
import { longestChain } from "./chain.ts";
import { coreSources, counted, type Finding, type Measure } from "./finding.ts";
import { commonLength, forwarders, genericFunctions, greatestLength } from "./functions.ts";
import { goals, type StaticId } from "./goals.ts";
import { algorithmTables, caches, routeLists } from "./owners.ts";
import { firstForbiddenWords, otherForbiddenWords } from "./words.ts";

type Row = readonly [id: StaticId, label: string, find: (repository: Repository) => Finding];

const rows: readonly Row[] = [
  ["files", "source files: all packages", (repository) => filesOf(packageSources(repository))],
  ["coreFiles", "source files: core", (repository) => filesOf(coreSources(repository))],
  ["forwarders", "functions that only forward to another (core)", forwarders],
  ["genericFunctions", "generic functions (core)", genericFunctions],
  ["importChain", "longest chain of value imports (core)", longestChain],
  ["commonLength", "function length, p95", commonLength],
  ["greatestLength", "function length, max", greatestLength],
  ["any", "any", (repository) => breaches(repository, "any")],
  ["nonNull", "non-null !", (repository) => breaches(repository, "non-null")],
  ["cycles", "import cycles", (repository) => counted(cycles(repository).map(({ detail }) => detail))],
  ["caches", "hand-made caches (core)", caches],
  ["algorithmTables", "tables of facts about alg (core)", algorithmTables],
  ["routeLists", "lists of the routes (core)", routeLists],
  ["firstWords", "nobody, somebody, whoever, anew, meanwhile", firstForbiddenWords],
  ["otherWords", "heed, demand, settle, go on, be it, what is over, of old", otherForbiddenWords],
];

/** What can be read from the sources. */
export function staticMeasures(repository: Repository): readonly Measure[] {
  return rows.map(([id, label, find]) => ({ id, label, goal: goals[id], ...find(repository) }));
}

function filesOf(sources: readonly { readonly path: string }[]): Finding {
  return counted(sources.map(({ path }) => path));
}

function breaches(repository: Repository, rule: Violation["rule"]): Finding {
  const found = packageSources(repository).flatMap(languageOf);
  return counted(found.filter((breach) => breach.rule === rule).map(({ path, line }) => `${path}:${line}`));
}
