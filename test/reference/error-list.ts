import { messages, statuses } from "../../packages/core/src/platform/errors.ts";
import { type Code, type Fault, faultAt, type Part, sourceOf } from "./code.ts";
import { declarationsOf } from "./declarations.ts";
import { docOf } from "./docstring.ts";

const PATH = "packages/core/src/platform/errors.ts";

/** The page of error codes. What to do stands before each member of `ErrorCode`. */
export function errorList(code: Code): Part {
  const source = sourceOf(code, PATH);
  const [declared] = declarationsOf(code, source, "ErrorCode");
  const type = declared?.node.type === "TSTypeAliasDeclaration" ? declared.node.typeAnnotation : null;
  const members = type?.type === "TSUnionType" ? type.types : [];
  const faults: Fault[] = [];
  const found = members.map((member) => {
    const name = source.text.slice(member.start + 1, member.end - 1);
    const doc = docOf(source, member.start);
    if (doc === "") faults.push(faultAt(source, member.start, `the code ${name} does not say what to do`));
    return { name, doc };
  });
  const sections = found.map(
    ({ name, doc }) => `## ${name}\n\nStatus ${statusOf(name)}. \`${messageOf(name)}\`\n\n${doc}\n`,
  );
  return { text: INTRODUCTION + sections.join("\n"), names: new Set(found.map(({ name }) => name)), faults };
}

const INTRODUCTION = `# Error codes

An error answer is \`{ error, message }\`: the code, and a sentence that any user may read. A result of \`validate\` and an \`AuthError\` have
the same code as \`code\`. Compare codes, and never messages.

`;

const tableOf = (table: object): ReadonlyMap<string, unknown> => new Map(Object.entries(table));
const statusOf = (code: string): unknown => tableOf(statuses).get(code);
const messageOf = (code: string): unknown => tableOf(messages).get(code);
