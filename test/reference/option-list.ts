import type { Place } from "../gates/source.ts";
import { type Code, type Fault, faultAt, type Part } from "./code.ts";
import { type Declared, declarationsOf, textOf } from "./declarations.ts";
import { asMarkdown } from "./docstring.ts";
import type { Exported } from "./export-list.ts";
import { limitsOf } from "./limits.ts";
import { type Members, membersOf, type Option, referred } from "./members.ts";

type Node = Place["node"];

/** A function, and the options type that it takes. */
interface Taker {
  readonly entry: string;
  readonly name: string;
  readonly type: Declared;
}

/** The page of options: of every function that takes some, and of every exported type of options. */
export function optionList(code: Code, exported: readonly Exported[]): Part {
  const takers = exported.flatMap((each) => takersOf(code, each));
  const types = allTypes(code, takers, exported);
  const faults: Fault[] = [];
  const names = new Set<string>();
  const sections = types.map((type) => {
    const { options, inherited } = membersOf(code, type);
    faults.push(...options.flatMap(faultsOf));
    for (const { path } of options) names.add(`${type.name} ${path}`);
    const others = inherited.map(({ name }) => `[${name}](#${name.toLowerCase()})`);
    const more = others.length === 0 ? "" : `\n\nIt has the options of ${others.join(", ")} too.`;
    const taken = [...new Set(takers.filter((taker) => taker.type.node === type.node).map(nameOf))];
    const by = taken.length === 0 ? "" : `\n\nTaken by ${taken.join(", ")}.`;
    const rows = options.map((option) => section(type.name, option));
    return `## ${type.name}\n\n${asMarkdown(type.doc)}${by}${more}\n\n${rows.join("\n")}`;
  });
  return { text: INTRODUCTION + sections.join("\n"), names, faults };
}

const INTRODUCTION = `# Options

The options of every function, by the name of their type. \`Seconds\` are whole seconds; \`minutes(5)\` and \`days(14)\` make them.

`;

const nameOf = ({ entry, name }: Taker): string => `\`${name}\` of \`${entry}\``;

function takersOf(code: Code, { entry, name, declared: { source } }: Exported): readonly Taker[] {
  return declarationsOf(code, source, name).flatMap(({ node }) =>
    parametersOf(node).flatMap((annotation): readonly Taker[] => {
      if (annotation.type !== "TSTypeReference") return [];
      const params = annotation.typeArguments?.params ?? [];
      return referred(code, source, textOf(annotation.typeName), params).map((type) => ({
        entry,
        name,
        type,
      }));
    }),
  );
}

/** The types of the parameters of a function. */
function parametersOf(node: Node): readonly Node[] {
  if (node.type !== "FunctionDeclaration" && node.type !== "TSDeclareFunction") return [];
  return node.params.flatMap((parameter): readonly Node[] => {
    const bound = parameter.type === "AssignmentPattern" ? parameter.left : parameter;
    const annotation = "typeAnnotation" in bound ? bound.typeAnnotation?.typeAnnotation : null;
    return annotation === null || annotation === undefined ? [] : [annotation];
  });
}

/** The options types in order, each once: those that functions take, those that are exported, and those that they extend. */
function allTypes(code: Code, takers: readonly Taker[], exported: readonly Exported[]): readonly Declared[] {
  const found = new Map<Node, Declared>();
  const add = (type: Declared): void => {
    if (found.has(type.node)) return;
    found.set(type.node, type);
    for (const each of membersOf(code, type).inherited) add(each);
  };
  for (const { type } of takers) add(type);
  for (const { entry, name, declared } of exported) if (isTopOptions(entry, name)) add(declared);
  return [...found.values()].filter((type) => hasMembers(membersOf(code, type)));
}

/** Whether a type stands by itself: a method takes it. The others are members of another type, or of the contract of a store. */
function isTopOptions(entry: string, name: string): boolean {
  return /Options$/.test(name) && name !== "MailOptions" && !entry.endsWith("/store");
}

function hasMembers({ options, inherited }: Members): boolean {
  return options.length + inherited.length > 0;
}

function faultsOf({ path, doc, isOptional, isGroup, source, offset }: Option): readonly Fault[] {
  if (isGroup && doc === "") return [];
  if (doc === "") return [faultAt(source, offset, `the option ${path} has no docstring`)];
  if (!isOptional || isGroup || defaultOf(doc) !== null) return [];
  return [faultAt(source, offset, `the docstring of ${path} does not tell its default`)];
}

/** What a docstring says of the default; null if it says nothing. */
function defaultOf(doc: string): string | null {
  const text = asMarkdown(doc).replaceAll(/\s+/g, " ");
  const [sentence] =
    /[^.`]*(?:`[^`]*`[^.`]*)*\b(?:[Dd]efaults?|Without)\b.*?(?=[.;](?: |$)|$)/.exec(text) ?? [];
  return sentence === undefined ? null : sentence.trim();
}

function section(type: string, option: Option): string {
  const { path, isOptional, isGroup, doc } = option;
  const limits = type === "AuthOptions" ? limitsOf(path) : null;
  const facts = [
    `Type: \`${option.type}\`.`,
    ...(isOptional || isGroup ? [] : ["Required."]),
    ...(limits === null ? [] : [`Limits: ${limits}.`]),
  ];
  return `### ${type}: ${path} \n\n${facts.join(" ")}\n\n${asMarkdown(doc)}\n`.replace(/ \n/, "\n");
}
