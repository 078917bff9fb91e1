import { at, type Gate, type Violation } from "./repository.ts";
import type { Place, Source } from "./source.ts";

type Node = Place["node"];

const RUNNERS: ReadonlySet<string> = new Set(["it", "test", "describe", "suite", "bench"]);
const SWITCHES: ReadonlySet<string> = new Set(["skip", "only", "todo", "fails"]);
// Written so that this file does not hold the words.
const UNFINISHED = /\b(TO[D]O|FIX[M]E|XX[X])\b/;

/** No test is switched off, and nothing is left for later. */
export const tests: Gate = ({ files, sources }) => [
  ...[...sources.values()].flatMap(switchedOff),
  ...[...files]
    .filter(([path]) => path !== "pnpm-lock.yaml")
    .flatMap(([path, text]) => unfinished(path, text)),
];

/** The titles of the tests and suites of a file. */
export function titles(source: Source): readonly { readonly start: number; readonly text: string }[] {
  return source.places.flatMap(({ node }) => {
    if (node.type !== "CallExpression" || !RUNNERS.has(rootOf(node.callee))) return [];
    const [title] = node.arguments;
    const isText = title?.type === "TemplateLiteral" || title?.type === "Literal";
    return isText ? [{ start: title.start, text: source.text.slice(title.start, title.end) }] : [];
  });
}

function switchedOff(source: Source): Violation[] {
  return source.places.flatMap(({ node }) => {
    const found = switchOf(node);
    return found === null ? [] : [at(source, node.start, "test-switch", `.${found}`)];
  });
}

function switchOf(node: Node): string | null {
  if (node.type === "MemberExpression" && !node.computed && SWITCHES.has(node.property.name)) {
    return RUNNERS.has(rootOf(node)) ? node.property.name : null;
  }
  if (node.type !== "CallExpression" || !RUNNERS.has(rootOf(node.callee))) return null;
  const options = node.arguments.find((argument) => argument.type === "ObjectExpression");
  const keys = options?.properties.flatMap((property) =>
    property.type === "Property" && property.key.type === "Identifier" ? [property.key.name] : [],
  );
  return keys?.find((key) => SWITCHES.has(key)) ?? null;
}

function rootOf(node: Node): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression") return rootOf(node.object);
  return node.type === "CallExpression" ? rootOf(node.callee) : "";
}

function unfinished(path: string, text: string): Violation[] {
  return text
    .split("\n")
    .flatMap((line, index) =>
      UNFINISHED.test(line) ? [{ path, line: index + 1, rule: "unfinished", detail: line.trim() }] : [],
    );
}
