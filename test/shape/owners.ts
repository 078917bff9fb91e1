import type { Repository } from "../gates/repository.ts";
import { ancestors, isFunction, type Place, type Source } from "../gates/source.ts";
import { coreSources, counted, type Finding, placeOf } from "./finding.ts";

type Node = Place["node"];

const ALGORITHM = /^(EdDSA|Ed25519|ES256|ES384|ES512|RS256|RS384|RS512|PS256|PS384|PS512|HS256|HS384|HS512)$/;
const ROUTES = new Set(["signup", "login", "refresh", "logout", "me", "sessions", "jwks"]);
const FEW_ROUTES = 5;

/**
 * The caches of core that decide by themselves how old their content may be. A cache is a function that has state of its
 * own, and in which the clock is read (`now(…)`, `….clock()`). State is a `let`, a map, or a member of an object, to which
 * a function inside it assigns.
 */
export function caches(repository: Repository): Finding {
  return inCore(repository, (source) =>
    source.places.filter(
      (place) => isFunction(place.node) && keepsState(source, place) && readsClock(source, place),
    ),
  );
}

/** The tables of core that hold a fact about each algorithm: objects, maps or switches with two algorithms or more for keys. */
export function algorithmTables(repository: Repository): Finding {
  return inCore(repository, (source) =>
    source.places.filter(({ node }) => keysOf(node).filter((key) => ALGORITHM.test(key)).length > 1),
  );
}

/**
 * The lists of routes of core: the outermost objects, arrays and types that name five routes of seven, or their paths, and
 * the files that do nothing but import and export, and export so many routes.
 */
export function routeLists(repository: Repository): Finding {
  return inCore(repository, (source) => {
    const lists = source.places.filter(
      (place) => (isList(place.node) || isBarrel(place.node)) && namedRoutes(source, place) >= FEW_ROUTES,
    );
    return lists.filter((place) => !ancestors(place).some((around) => lists.includes(around)));
  });
}

function inCore(repository: Repository, find: (source: Source) => readonly Place[]): Finding {
  return counted(
    coreSources(repository).flatMap((source) => find(source).map(({ node }) => placeOf(source, node.start))),
  );
}

/** Whether a function keeps a variable for the functions inside it, which give it a new value. */
function keepsState(source: Source, owner: Place): boolean {
  const kept = new Set(
    source.places.flatMap((place) => {
      const isOwn = place.node.type === "VariableDeclaration" && functionAround(place) === owner;
      return isOwn ? keptNames(place.node) : [];
    }),
  );
  return source.places.some((place) => {
    const name = changedName(place.node);
    return name !== null && kept.has(name) && functionAround(place) !== owner && isInside(place, owner);
  });
}

function keptNames(node: Node): readonly string[] {
  if (node.type !== "VariableDeclaration") return [];
  return node.declarations.flatMap(({ id, init }) => {
    const isMap = init?.type === "NewExpression" && init.callee.type === "Identifier";
    const isState = node.kind === "let" || isMap || init?.type === "ObjectExpression";
    return id.type === "Identifier" && isState ? [id.name] : [];
  });
}

/** The variable that an assignment, to itself or to a member, or a `set` of a map, changes. */
function changedName(node: Node): string | null {
  if (node.type === "AssignmentExpression") {
    const target = node.left.type === "MemberExpression" ? node.left.object : node.left;
    return target.type === "Identifier" ? target.name : null;
  }
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return null;
  const { object, property } = node.callee;
  const isSet = property.type === "Identifier" && property.name === "set";
  return isSet && object.type === "Identifier" ? object.name : null;
}

function readsClock(source: Source, owner: Place): boolean {
  return source.places.some((place) => {
    if (place.node.type !== "CallExpression" || !isInside(place, owner)) return false;
    const { callee } = place.node;
    const name = callee.type === "MemberExpression" ? callee.property : callee;
    return name.type === "Identifier" && (name.name === "now" || name.name === "clock");
  });
}

function functionAround(place: Place): Place | undefined {
  return ancestors(place).find(({ node }) => isFunction(node));
}

function isInside({ node }: Place, around: Place): boolean {
  return node.start >= around.node.start && node.end <= around.node.end;
}

/** The keys of an object, of a map that is written out, or of a switch. */
function keysOf(node: Node): readonly string[] {
  switch (node.type) {
    case "ObjectExpression":
      return node.properties.flatMap((property) =>
        property.type === "Property" ? wordOf(property.key) : [],
      );
    case "SwitchStatement":
      return node.cases.flatMap(({ test }) => (test === null ? [] : wordOf(test)));
    case "NewExpression": {
      const [pairs] = node.arguments;
      if (pairs?.type !== "ArrayExpression") return [];
      return pairs.elements.flatMap((pair) =>
        pair?.type === "ArrayExpression" && pair.elements[0] != null ? wordOf(pair.elements[0]) : [],
      );
    }
    default:
      return [];
  }
}

function isList({ type }: Node): boolean {
  const isValue = type === "ObjectExpression" || type === "ArrayExpression" || type === "SwitchStatement";
  return isValue || type === "TSUnionType" || type === "TSTypeLiteral" || type === "TSInterfaceBody";
}

function isBarrel(node: Node): boolean {
  return (
    node.type === "Program" && node.body.every(({ type }) => /^(ExportNamed|Import)Declaration$/.test(type))
  );
}

function namedRoutes(source: Source, list: Place): number {
  const words = source.places
    .filter((place) => place !== list && isInside(place, list))
    .flatMap(({ node }) => wordOf(node))
    .map((word) => word.replace(/^\//, ""));
  return new Set(words.filter((word) => ROUTES.has(word))).size;
}

function wordOf(node: Node): readonly string[] {
  if (node.type === "Identifier") return [node.name];
  return node.type === "Literal" && typeof node.value === "string" ? [node.value] : [];
}
