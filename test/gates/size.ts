import { at, type Gate, packageSources, type Violation } from "./repository.ts";
import { ancestors, isFunction, type Place, type Source } from "./source.ts";

const FILE_LINES = 250;
const FUNCTION_LINES = 60;
const PARAMETERS = 4;
const NESTING = 3;

const BLOCKS: ReadonlySet<string> = new Set([
  "IfStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "WhileStatement",
  "DoWhileStatement",
  "SwitchStatement",
  "TryStatement",
]);

/** How large a file and a function may be; blank lines and comments do not count. */
export const size: Gate = (repository) => packageSources(repository).flatMap(sizeOf);

export function sizeOf(source: Source): readonly Violation[] {
  const lines = source.codeLines.length;
  const found = source.places.flatMap((place) => [...functionSize(source, place), ...nesting(source, place)]);
  if (lines > FILE_LINES)
    found.unshift(at(source, 0, "file-size", `${lines} code lines, at most ${FILE_LINES}`));
  return found;
}

function functionSize(source: Source, { node }: Place): Violation[] {
  if (!isFunction(node)) return [];
  const first = source.lineAt(node.start);
  const last = source.lineAt(node.end);
  const lines = source.codeLines.filter((line) => line >= first && line <= last).length;
  const found: Violation[] = [];
  if (lines > FUNCTION_LINES) {
    found.push(at(source, node.start, "function-size", `${lines} code lines, at most ${FUNCTION_LINES}`));
  }
  if (node.params.length > PARAMETERS) {
    found.push(at(source, node.start, "parameters", `${node.params.length}, at most ${PARAMETERS}`));
  }
  return found;
}

function nesting(source: Source, place: Place): Violation[] {
  if (!opensBlock(place)) return [];
  const around = ancestors(place);
  const own = around.findIndex(({ node }) => isFunction(node));
  const depth = 1 + around.slice(0, own === -1 ? undefined : own).filter(opensBlock).length;
  // One report for each way down, at the first block too many.
  return depth === NESTING + 1
    ? [at(source, place.node.start, "nesting", `${depth} blocks deep, at most ${NESTING}`)]
    : [];
}

function opensBlock({ node, key, parent }: Place): boolean {
  const isElseIf = key === "alternate" && parent?.node.type === "IfStatement" && node.type === "IfStatement";
  return BLOCKS.has(node.type) && !isElseIf;
}
