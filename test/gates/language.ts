import { at, type Gate, packageSources, type Violation } from "./repository.ts";
import type { Place, Source } from "./source.ts";

/** The classes there may be: a name, or `*` for any, by file. */
const CLASSES: Readonly<Record<string, string>> = {
  "packages/core/src/platform/errors.ts": "AuthError",
  "packages/cloudflare/src/object.ts": "*",
  "packages/client/src/client-session.ts": "ClientSession",
  "packages/core/src/http/validation-result.ts": "*",
};

/** The parts of TypeScript that the package sources do without. */
export const language: Gate = (repository) => packageSources(repository).flatMap(languageOf);

export function languageOf(source: Source): readonly Violation[] {
  const directives = source.comments
    .filter(({ value }) => /@ts-(ignore|expect-error|nocheck|check)\b/.test(value))
    .map(({ start }) => at(source, start, "ts-directive", "types are mended, not silenced"));
  const found = source.places.flatMap((place) => {
    const fault = faultOf(source.path, place);
    return fault === null ? [] : [at(source, place.node.start, fault[0], fault[1])];
  });
  return [...directives, ...found];
}

type Fault = readonly [rule: string, detail: string];

function faultOf(path: string, { node }: Place): Fault | null {
  switch (node.type) {
    case "TSAnyKeyword":
      return ["any", "write unknown, and narrow it"];
    case "TSAsExpression":
    case "TSTypeAssertion":
      return isAssertion(node.expression) && node.expression.typeAnnotation.type === "TSUnknownKeyword"
        ? ["double-assertion", "narrow with a guard"]
        : null;
    case "TSNonNullExpression":
      return ["non-null", "prove it, or handle null"];
    case "VariableDeclarator":
    case "PropertyDefinition":
      return node.definite === true ? ["non-null", "assign it where it is declared"] : null;
    case "TSEnumDeclaration":
      return ["enum", "write a union of literals"];
    case "TSModuleDeclaration":
      return ["namespace", "write a module; augment nothing"];
    case "ExportDefaultDeclaration":
      return ["default-export", "name it"];
    case "ExportSpecifier":
      return node.exported.type === "Identifier" && node.exported.name === "default"
        ? ["default-export", "name it"]
        : null;
    case "ClassDeclaration":
    case "ClassExpression":
      return isAllowedClass(path, node.id?.name) ? null : ["class", "write functions over data"];
    default:
      return null;
  }
}

function isAssertion(
  node: Place["node"],
): node is Extract<Place["node"], { type: "TSAsExpression" | "TSTypeAssertion" }> {
  return node.type === "TSAsExpression" || node.type === "TSTypeAssertion";
}

function isAllowedClass(path: string, name: string | undefined): boolean {
  const allowed = CLASSES[path];
  return allowed === "*" || (allowed !== undefined && allowed === name);
}
