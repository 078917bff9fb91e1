import { resolve } from "../gates/modules.ts";
import { boundNames, type Place, type Source } from "../gates/source.ts";
import type { Code } from "./code.ts";
import { docOf } from "./docstring.ts";

type Node = Place["node"];
type Statement = Source["program"]["body"][number];

/** Where a name is declared, and its docstring. */
export interface Declared {
  readonly name: string;
  readonly source: Source;
  readonly statement: Statement;
  /** The declaration itself, without `export`. */
  readonly node: Node;
  /** The text of the docstring; empty without one. */
  readonly doc: string;
}

/** The names that a module exports. */
export function exportedNames(code: Code, source: Source): readonly string[] {
  return source.program.body.flatMap((statement) => {
    if (statement.type === "ExportAllDeclaration") {
      const target = follow(code, source, statement.source.value);
      return target === null ? [] : exportedNames(code, target);
    }
    if (statement.type !== "ExportNamedDeclaration") return [];
    const declared = statement.declaration === null ? [] : namesOf(statement.declaration);
    return [...statement.specifiers.map(({ exported }) => textOf(exported)), ...declared];
  });
}

/** Finds the statements that declare what a module calls `name`: several for overloads, none for a module from outside. */
export function declarationsOf(code: Code, source: Source, name: string): readonly Declared[] {
  return source.program.body.flatMap((statement): readonly Declared[] => {
    const node = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (node !== null && namesOf(node).includes(name)) {
      return [{ name, source, statement, node, doc: docOf(source, statement.start) }];
    }
    const passed = passedOn(statement, name);
    if (passed === null) return [];
    const target = passed.from === null ? source : follow(code, source, passed.from);
    return target === null ? [] : declarationsOf(code, target, passed.name);
  });
}

/** The name of an import or of an export that another statement or module declares. */
function passedOn(
  statement: Statement,
  name: string,
): { readonly from: string | null; readonly name: string } | null {
  if (statement.type === "ExportAllDeclaration") return { from: statement.source.value, name };
  if (statement.type === "ExportNamedDeclaration") {
    const local = statement.specifiers.find(({ exported }) => textOf(exported) === name)?.local;
    if (local === undefined) return null;
    const from = statement.source?.value ?? null;
    return from === null && textOf(local) === name ? null : { from, name: textOf(local) };
  }
  if (statement.type !== "ImportDeclaration") return null;
  for (const specifier of statement.specifiers) {
    if (specifier.type === "ImportSpecifier" && specifier.local.name === name)
      return { from: statement.source.value, name: textOf(specifier.imported) };
  }
  return null;
}

/** The module of this repository that an import names. A package of it is named by its entry. */
function follow(code: Code, from: Source, specifier: string): Source | null {
  return code.sources.get(resolve(from, specifier, code.entries) ?? "") ?? null;
}

function namesOf(node: Node): readonly string[] {
  switch (node.type) {
    case "VariableDeclaration":
      return node.declarations.flatMap(({ id }) => boundNames(id));
    case "FunctionDeclaration":
    case "TSDeclareFunction":
    case "ClassDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return node.id === null ? [] : [node.id.name];
    default:
      return [];
  }
}

export function textOf(node: Node): string {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : "";
}
