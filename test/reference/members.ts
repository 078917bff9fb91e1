import type { Place, Source } from "../gates/source.ts";
import type { Code } from "./code.ts";
import { type Declared, declarationsOf, textOf } from "./declarations.ts";
import { docOf } from "./docstring.ts";

type Node = Place["node"];

/** One option: a member of an options type, by its path from the top. */
export interface Option {
  readonly path: string;
  readonly type: string;
  readonly isOptional: boolean;
  readonly doc: string;
  /** Whether further options below it have their own sections. */
  readonly isGroup: boolean;
  readonly source: Source;
  readonly offset: number;
}

/** The options of a type, and the other options types whose members it has too. */
export interface Members {
  readonly options: readonly Option[];
  readonly inherited: readonly Declared[];
}

/** The types whose members are options, besides type literals. Others, such as `Store`, are contracts or values. */
const OPTIONS = /(Options|Limits|Hooks|Pages|Bounds|Lifetimes|PreviousCookie)$|^(Env|RequestHost)$/;
const NONE: Members = { options: [], inherited: [] };
/** Types that have the members of their first argument. */
const WRAPPERS: ReadonlySet<string> = new Set(["Partial", "Readonly", "NoInfer", "Omit", "Pick"]);

export function isOptionsType(name: string): boolean {
  return OPTIONS.test(name);
}

/** The members of a declaration of an options type. */
export function membersOf(code: Code, { source, node }: Declared): Members {
  if (node.type === "TSInterfaceDeclaration") {
    const inherited = node.extends.flatMap(({ expression, typeArguments }) =>
      referred(code, source, textOf(expression), typeArguments?.params ?? []),
    );
    const options = node.body.body.flatMap((member) => optionsOf(code, source, member, ""));
    return { options, inherited };
  }
  if (node.type !== "TSTypeAliasDeclaration") return NONE;
  const type = node.typeAnnotation;
  if (type.type !== "TSTypeReference") return { options: within(code, source, type, ""), inherited: [] };
  return {
    options: [],
    inherited: referred(code, source, textOf(type.typeName), type.typeArguments?.params ?? []),
  };
}

/** The options type that a type names, through `Partial` and the like. */
export function referred(
  code: Code,
  source: Source,
  name: string,
  params: readonly Node[],
): readonly Declared[] {
  const [inner] = params;
  if (WRAPPERS.has(name) && inner?.type === "TSTypeReference") {
    return referred(code, source, textOf(inner.typeName), inner.typeArguments?.params ?? []);
  }
  return isOptionsType(name) ? declarationsOf(code, source, name).slice(0, 1) : [];
}

function optionsOf(code: Code, source: Source, member: Node, before: string): readonly Option[] {
  if (member.type !== "TSPropertySignature" && member.type !== "TSMethodSignature") return [];
  const path = before === "" ? textOf(member.key) : `${before}.${textOf(member.key)}`;
  const type = member.type === "TSPropertySignature" ? member.typeAnnotation?.typeAnnotation : undefined;
  const inner = type === undefined ? [] : within(code, source, type, path);
  const option: Option = {
    path,
    type: type === undefined ? "function" : typeText(source, type),
    isOptional: member.optional === true,
    doc: docOf(source, member.start),
    isGroup: inner.length > 0,
    source,
    offset: member.start,
  };
  return [option, ...inner];
}

/** The options inside the type of an option. */
function within(code: Code, source: Source, type: Node, path: string): readonly Option[] {
  switch (type.type) {
    case "TSTypeLiteral":
      return type.members.flatMap((member) => optionsOf(code, source, member, path));
    case "TSUnionType":
    case "TSIntersectionType":
      return type.types.flatMap((each) => within(code, source, each, path));
    case "TSParenthesizedType":
      return within(code, source, type.typeAnnotation, path);
    case "TSTypeOperator":
      return within(code, source, type.typeAnnotation, path);
    case "TSArrayType":
      return within(code, source, type.elementType, `${path}[]`);
    case "TSTypeReference": {
      const name = textOf(type.typeName);
      const [found] = referred(code, source, name, type.typeArguments?.params ?? []);
      if (found?.node.type !== "TSInterfaceDeclaration") return [];
      const members = found.node.body.body.flatMap((member) => optionsOf(code, found.source, member, path));
      return name === "Partial" ? members.map((option) => ({ ...option, isOptional: true })) : members;
    }
    default:
      return [];
  }
}

function typeText(source: Source, type: Node): string {
  const holdsMembers =
    type.type === "TSTypeLiteral" || (type.type === "TSUnionType" && type.types.some(isLiteralType));
  if (holdsMembers) return withoutMembers(source, type);
  return source.text.slice(type.start, type.end).replaceAll(/\s+/g, " ").replace(/^\| /, "");
}

function isLiteralType(type: Node): boolean {
  return type.type === "TSTypeLiteral";
}

/** The text of a type whose members have sections of their own. */
function withoutMembers(source: Source, type: Node): string {
  if (type.type === "TSTypeLiteral") return "object";
  if (type.type === "TSUnionType") return type.types.map((each) => withoutMembers(source, each)).join(" | ");
  return source.text.slice(type.start, type.end);
}
