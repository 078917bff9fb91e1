import type { Place, Source } from "../gates/source.ts";
import { type Code, type Fault, faultAt, type Part, sourceOf } from "./code.ts";
import { declarationsOf, textOf } from "./declarations.ts";
import { asMarkdown, docOf } from "./docstring.ts";

type Node = Place["node"];

const PATH = "packages/core/src/sessions/events.ts";

interface Field {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

/** The page of events: each member of `EventBody`, with the docstring before it. */
export function eventList(code: Code): Part {
  const source = sourceOf(code, PATH);
  const [declared] = declarationsOf(code, source, "EventBody");
  const type = declared?.node.type === "TSTypeAliasDeclaration" ? declared.node.typeAnnotation : null;
  const members = type?.type === "TSUnionType" ? type.types : [];
  const faults: Fault[] = [];
  const names = new Set<string>();
  const sections = members.map((member) => {
    const fields = fieldsOf(code, source, member);
    const types = [...(fields.find(({ name }) => name === "type")?.type ?? "").matchAll(/"([^"]+)"/g)].map(
      ([, name = ""]) => name,
    );
    for (const name of types) names.add(name);
    const doc = docOf(source, member.start);
    if (doc === "") faults.push(faultAt(source, member.start, `the event ${types[0]} has no docstring`));
    const rows = fields.filter(({ name }) => name !== "type").map(row);
    return `## ${types.join(", ")}\n\n${asMarkdown(doc)}\n\n${rows.join("\n")}\n`;
  });
  return { text: INTRODUCTION + sections.join("\n"), names, faults };
}

const INTRODUCTION = `# Events

\`onEvent\` gets each event as an object with \`type\`, \`at\` (the time, in seconds since 1970) and the members below. No event holds a secret.

`;

function fieldsOf(code: Code, source: Source, node: Node): readonly Field[] {
  switch (node.type) {
    case "TSParenthesizedType":
      return fieldsOf(code, source, node.typeAnnotation);
    case "TSIntersectionType":
      return node.types.flatMap((each) => fieldsOf(code, source, each));
    case "TSTypeReference": {
      const [declared] = declarationsOf(code, source, textOf(node.typeName));
      return declared === undefined ? [] : fieldsOf(code, declared.source, declared.node);
    }
    case "TSInterfaceDeclaration":
      return node.body.body.flatMap((each) => fieldsOf(code, source, each));
    case "TSTypeLiteral":
      return node.members.flatMap((each) => fieldsOf(code, source, each));
    case "TSPropertySignature":
      return [fieldOf(source, node, textOf(node.key))];
    default:
      return [];
  }
}

function fieldOf(source: Source, node: Extract<Node, { type: "TSPropertySignature" }>, name: string): Field {
  const type = node.typeAnnotation?.typeAnnotation;
  const text = type === undefined ? "" : source.text.slice(type.start, type.end);
  return { name, type: text.replaceAll(/\s+/g, " ").replace(/^\| /, ""), doc: docOf(source, node.start) };
}

function row({ name, type, doc }: Field): string {
  return `- \`${name}\`: \`${type}\`${doc === "" ? "" : `. ${doc.replaceAll("\n", " ")}`}`;
}
