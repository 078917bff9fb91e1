import {
  type ArrowFunctionExpression,
  type Comment,
  type Function as FunctionLike,
  type Node,
  type Program,
  parseSync,
  visitorKeys,
} from "oxc-parser";

/** A node and the way down to it. */
export interface Place {
  readonly node: Node;
  /** The member of the parent that holds it. */
  readonly key: string;
  readonly parent: Place | null;
}

/** One parsed file. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** Every node, parents first. */
  readonly places: readonly Place[];
  /** The lines, counted from 1, that hold more than blanks and comments. */
  readonly codeLines: readonly number[];
  lineAt(offset: number): number;
}

export function parseSource(path: string, text: string): Source {
  const parsed = parseSync(path, text, { preserveParens: false });
  const fault = parsed.errors[0];
  if (fault !== undefined) throw new SyntaxError(`${path}: ${fault.message}`);
  const starts = lineStarts(text);
  const lineAt = (offset: number): number => starts.findLastIndex((start) => start <= offset) + 1;
  const places: Place[] = [];
  collect({ node: parsed.program, key: "", parent: null }, places);
  return {
    path,
    text,
    program: parsed.program,
    comments: parsed.comments,
    places,
    codeLines: codeLines(text, parsed.comments),
    lineAt,
  };
}

/** The places around this one, nearest first. */
export function ancestors(place: Place): Place[] {
  const found: Place[] = [];
  for (let at = place.parent; at !== null; at = at.parent) found.push(at);
  return found;
}

/** A function with a body. */
export type FunctionNode = FunctionLike | ArrowFunctionExpression;

export function isFunction(node: Node): node is FunctionNode {
  return (
    node.type === "FunctionDeclaration" ||
    node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression"
  );
}

/** The names that a pattern binds. */
export function boundNames(pattern: Node): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap(boundNames);
    case "Property":
      return boundNames(pattern.value);
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => (element === null ? [] : boundNames(element)));
    case "AssignmentPattern":
      return boundNames(pattern.left);
    case "RestElement":
      return boundNames(pattern.argument);
    default:
      return [];
  }
}

function collect(place: Place, into: Place[]): void {
  into.push(place);
  for (const key of visitorKeys[place.node.type] ?? []) {
    const held: unknown = Reflect.get(place.node, key);
    for (const node of Array.isArray(held) ? held : [held]) {
      if (isNode(node)) collect({ node, key, parent: place }, into);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function lineStarts(text: string): readonly number[] {
  return [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
}

function codeLines(text: string, comments: readonly Comment[]): readonly number[] {
  let bare = text;
  for (const { start, end } of comments) {
    bare = bare.slice(0, start) + bare.slice(start, end).replaceAll(/[^\n]/g, " ") + bare.slice(end);
  }
  return bare.split("\n").flatMap((line, index) => (line.trim() === "" ? [] : [index + 1]));
}
