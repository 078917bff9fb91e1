import type { ExportNamedDeclaration } from "oxc-parser";
import { entries, resolve } from "./modules.ts";
import { at, type Gate, type Repository, type Violation } from "./repository.ts";
import { boundNames, isFunction, type Place, type Source } from "./source.ts";

type Node = Place["node"];
type Statement = Source["program"]["body"][number];

/** A statement that declares something which an entry publishes. */
interface Declared {
  readonly source: Source;
  readonly statement: Statement;
}

/** Every function that a package publishes has a docstring where it is declared. */
export const docs: Gate = (repository) => {
  const published = entries(repository);
  const undocumented = new Map<string, Violation>();
  for (const path of published.values()) {
    const source = repository.sources.get(path);
    if (source === undefined) continue;
    for (const name of exportedNames(repository, source)) {
      const declared = declarations(repository, source, name);
      const first = declared.find(({ statement }) => declaresFunction(statement, name));
      if (first === undefined || declared.some(isDocumented)) continue;
      const found = at(
        first.source,
        first.statement.start,
        "docstring",
        `${name} is public and says nothing`,
      );
      undocumented.set(`${found.path}:${found.line}`, found);
    }
  }
  return [...undocumented.values()];
};

function exportedNames(repository: Repository, source: Source): readonly string[] {
  return source.program.body.flatMap((statement) => {
    if (statement.type === "ExportAllDeclaration") {
      const target = follow(repository, source, statement.source.value);
      return target === null ? [] : exportedNames(repository, target);
    }
    if (statement.type !== "ExportNamedDeclaration") return [];
    return [...statement.specifiers.map(({ exported }) => nameOf(exported)), ...declaredNames(statement)];
  });
}

/** Finds where a name that `source` exports is declared: more than one statement for overloads. */
function declarations(repository: Repository, source: Source, name: string): readonly Declared[] {
  return source.program.body.flatMap((statement) => {
    if (declaredNames(statement).includes(name)) return [{ source, statement }];
    switch (statement.type) {
      case "ExportAllDeclaration":
        return along(repository, source, statement.source.value, name);
      case "ExportNamedDeclaration":
        return statement.specifiers
          .filter(({ exported }) => nameOf(exported) === name)
          .flatMap(({ local }) => passedOn({ repository, source, statement, name }, nameOf(local)));
      case "ImportDeclaration":
        return statement.specifiers.flatMap((specifier) =>
          specifier.type === "ImportSpecifier" && specifier.local.name === name
            ? along(repository, source, statement.source.value, nameOf(specifier.imported))
            : [],
        );
      default:
        return [];
    }
  });
}

interface Export {
  readonly repository: Repository;
  readonly source: Source;
  readonly statement: ExportNamedDeclaration;
  readonly name: string;
}

function passedOn({ repository, source, statement, name }: Export, local: string): readonly Declared[] {
  if (statement.source !== null) return along(repository, source, statement.source.value, local);
  // Under its own name it is found where this module declares or imports it.
  return local === name ? [] : declarations(repository, source, local);
}

function along(repository: Repository, from: Source, specifier: string, name: string): readonly Declared[] {
  const target = follow(repository, from, specifier);
  return target === null ? [] : declarations(repository, target, name);
}

function follow(repository: Repository, from: Source, specifier: string): Source | null {
  return repository.sources.get(resolve(from, specifier, new Map()) ?? "") ?? null;
}

function declarationOf(statement: Statement): Node | null {
  return statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
}

function declaredNames(statement: Statement): readonly string[] {
  const declaration = declarationOf(statement);
  if (declaration?.type === "VariableDeclaration") {
    return declaration.declarations.flatMap(({ id }) => boundNames(id));
  }
  const isFunctionDeclaration =
    declaration?.type === "FunctionDeclaration" || declaration?.type === "TSDeclareFunction";
  return isFunctionDeclaration && declaration.id !== null ? [declaration.id.name] : [];
}

function declaresFunction(statement: Statement, name: string): boolean {
  const declaration = declarationOf(statement);
  if (declaration?.type !== "VariableDeclaration") return declaration !== null;
  return declaration.declarations.some(
    ({ id, init }) => boundNames(id).includes(name) && init !== null && isFunction(init),
  );
}

function isDocumented({ source, statement }: Declared): boolean {
  return source.comments.some(
    ({ type, value, start, end }) =>
      type === "Block" &&
      value.startsWith("*") &&
      start < statement.start &&
      source.text.slice(end, statement.start).trim() === "",
  );
}

function nameOf(node: Node): string {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : "";
}
