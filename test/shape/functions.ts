import { packageSources, type Repository } from "../gates/repository.ts";
import { type FunctionNode, isFunction, type Place, type Source } from "../gates/source.ts";
import { coreSources, counted, type Finding, placeOf } from "./finding.ts";

type Node = Place["node"];

/**
 * The functions of core that only forward to another. A forwarder has a name: it is a declaration, a method, a `const` or
 * a member of an object. Its whole body is one call, with or without `return` and `await`. The target of the call and
 * its arguments are names, members of names or literals; the target may also be a member of what an `await` gives.
 */
export function forwarders(repository: Repository): Finding {
  return counted(
    coreSources(repository).flatMap((source) =>
      source.places.flatMap((place) => {
        const { node } = place;
        return isFunction(node) && isNamed(place) && forwards(node) ? [placeOf(source, node.start)] : [];
      }),
    ),
  );
}

/** The functions of core that have type parameters; types of functions do not count. */
export function genericFunctions(repository: Repository): Finding {
  return counted(
    coreSources(repository).flatMap((source) =>
      source.places.flatMap(({ node }) =>
        (node.type === "TSDeclareFunction" || isFunction(node)) && node.typeParameters != null
          ? [placeOf(source, node.start)]
          : [],
      ),
    ),
  );
}

/** Of fewer functions a percentile says nothing. */
const ENOUGH = 100;

interface Length {
  readonly place: string;
  readonly lines: number;
}

/** The length that 95 of 100 functions of all packages do not exceed, from the first line to the last. */
export function commonLength(repository: Repository): Finding {
  const lengths = functionLengths(repository);
  if (lengths.length < ENOUGH) return counted([]);
  return { value: lengths[Math.floor(lengths.length * 0.95)]?.lines ?? 0, items: [] };
}

/** The length of the longest function of all packages. */
export function greatestLength(repository: Repository): Finding {
  const longest = functionLengths(repository).slice(-5).reverse();
  return { value: longest[0]?.lines ?? 0, items: longest.map(({ place, lines }) => `${place} ${lines}`) };
}

function functionLengths(repository: Repository): readonly Length[] {
  return packageSources(repository)
    .flatMap((source) =>
      source.places.flatMap(({ node }) => (isFunction(node) ? [length(source, node)] : [])),
    )
    .sort((one, other) => one.lines - other.lines);
}

function length(source: Source, { start, end }: FunctionNode): Length {
  return { place: placeOf(source, start), lines: source.lineAt(end) - source.lineAt(start) + 1 };
}

function isNamed({ node, parent }: Place): boolean {
  if (node.type === "FunctionDeclaration") return true;
  const holder = parent?.node.type;
  return holder === "VariableDeclarator" || holder === "Property" || holder === "MethodDefinition";
}

function forwards({ body }: FunctionNode): boolean {
  const call = body === null ? null : unwrap(onlyExpression(body));
  if (call?.type !== "CallExpression") return false;
  return isTarget(call.callee) && call.arguments.every(isPassedOn);
}

/** The one expression that a body consists of; null where it consists of more. */
function onlyExpression(body: Node): Node | null {
  if (body.type !== "BlockStatement") return body;
  const [statement, ...more] = body.body;
  if (statement === undefined || more.length > 0) return null;
  if (statement.type === "ReturnStatement") return statement.argument;
  return statement.type === "ExpressionStatement" ? statement.expression : null;
}

function isTarget(node: Node): boolean {
  const root = rootOf(node);
  return root.type === "Identifier" || root.type === "Super" || root.type === "AwaitExpression";
}

function isPassedOn(node: Node): boolean {
  const root = rootOf(node.type === "SpreadElement" ? node.argument : (unwrap(node) ?? node));
  return root.type === "Identifier" || root.type === "Literal";
}

function rootOf(node: Node): Node {
  if (node.type === "ChainExpression" || node.type === "TSAsExpression") return rootOf(node.expression);
  return node.type === "MemberExpression" ? rootOf(node.object) : node;
}

/** The expression inside `await`, `as` and `?.`. */
function unwrap(node: Node | null): Node | null {
  switch (node?.type) {
    case "AwaitExpression":
      return unwrap(node.argument);
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "ChainExpression":
      return unwrap(node.expression);
    default:
      return node;
  }
}
