import { at, type Gate, packageSources, type Violation } from "./repository.ts";
import { boundNames, isFunction, type Place, type Source } from "./source.ts";

type Node = Place["node"];

const CLOCKS_AND_EFFECTS: ReadonlySet<string> = new Set([
  "Date",
  "performance",
  "fetch",
  "console",
  "process",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "BroadcastChannel",
  "document",
  "localStorage",
  "location",
  "navigator",
]);
const GLOBALS: ReadonlySet<string> = new Set(["globalThis", "self", "window"]);
const RANDOM: ReadonlySet<string> = new Set(["getRandomValues", "randomUUID"]);
const COLLECTIONS: ReadonlySet<string> = new Set(["Map", "Set", "Array", "WeakMap", "WeakSet"]);

/** What a module may reach and keep: in core and the client the world comes in by `env.ts`, and nothing lives at module level. */
export const purity: Gate = (repository) =>
  packageSources(repository).flatMap((source) => [
    ...(isPure(source.path) ? effects(source) : []),
    ...moduleState(source),
    ...merges(source),
  ]);

/** The clients of arctic send by the global `fetch` alone. */
const PATCHES_FETCH = "packages/core/src/oauth/providers/arctic.ts";

function isPure(path: string): boolean {
  return /^packages\/(core|client)\/src\/(?!(platform\/)?env\.ts$)/.test(path);
}

function effects(source: Source): Violation[] {
  const bound = new Set(source.places.flatMap(({ node }) => namesBoundBy(node)));
  return source.places.flatMap((place) => {
    const name = effectOf(place);
    if (name === null || bound.has(name)) return [];
    if (name === "globalThis.fetch" && source.path === PATCHES_FETCH) return [];
    return [at(source, place.node.start, "effect", `${name} belongs in env.ts`)];
  });
}

function namesBoundBy(node: Node): string[] {
  if (node.type === "VariableDeclarator") return boundNames(node.id);
  if (node.type === "ImportSpecifier") return [node.local.name];
  if (isFunction(node)) return [...node.params.flatMap(boundNames), ...(node.id ? [node.id.name] : [])];
  return [];
}

/** Names the effect that a node reaches for, or returns null. */
function effectOf(place: Place): string | null {
  const { node } = place;
  if (node.type === "Identifier") {
    return CLOCKS_AND_EFFECTS.has(node.name) && isReference(place) ? node.name : null;
  }
  if (node.type !== "MemberExpression") return null;
  const object = node.object.type === "Identifier" ? node.object.name : "";
  const member = memberName(node);
  const isEffect =
    RANDOM.has(member) ||
    (object === "Math" && member === "random") ||
    (object === "AbortSignal" && member === "timeout") ||
    (GLOBALS.has(object) && CLOCKS_AND_EFFECTS.has(member));
  return isEffect ? `${object}.${member}` : null;
}

function memberName(node: Extract<Node, { type: "MemberExpression" }>): string {
  if (!node.computed) return node.property.name;
  return node.property.type === "Literal" ? String(node.property.value) : "";
}

function isReference({ key, parent }: Place): boolean {
  const holder = parent?.node;
  if (holder === undefined || key === "params") return false;
  switch (holder.type) {
    case "MemberExpression":
      return key === "object" || holder.computed;
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return key !== "key" || holder.computed;
    case "TSTypeQuery":
    case "TSQualifiedName":
    case "ImportSpecifier":
    case "ExportSpecifier":
      return false;
    default:
      return true;
  }
}

function moduleState(source: Source): Violation[] {
  return source.program.body.flatMap((statement) => {
    const declared = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declared?.type !== "VariableDeclaration") return [];
    return declared.declarations
      .filter(({ id, init }) => declared.kind !== "const" || (isMutable(init) && !isReadonly(source, id)))
      .map(({ start }) =>
        at(source, start, "module-state", "no mutable state in a module: a closure, or a readonly type"),
      );
  });
}

function isMutable(value: Node | null): boolean {
  if (value === null) return false;
  if (value.type === "ArrayExpression") return value.elements.length === 0;
  if (value.type === "ObjectExpression") return value.properties.length === 0;
  return (
    value.type === "NewExpression" && value.callee.type === "Identifier" && COLLECTIONS.has(value.callee.name)
  );
}

function isReadonly(source: Source, id: Node): boolean {
  const annotation = id.type === "Identifier" ? id.typeAnnotation?.typeAnnotation : undefined;
  if (annotation === null || annotation === undefined) return false;
  return /^(readonly\b|Readonly)/.test(source.text.slice(annotation.start, annotation.end));
}

// `Object.assign` runs setters: a `__proto__` member of a body would change the prototype of its target.
function merges(source: Source): Violation[] {
  return source.places.flatMap(({ node }) => {
    if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return [];
    const { object } = node.callee;
    const isAssign =
      object.type === "Identifier" && object.name === "Object" && memberName(node.callee) === "assign";
    return isAssign && !node.arguments.slice(1).every(isLiteral)
      ? [at(source, node.start, "object-assign", "spread instead")]
      : [];
  });
}

function isLiteral(node: Node): boolean {
  return node.type === "ObjectExpression" && node.properties.every(({ type }) => type === "Property");
}
