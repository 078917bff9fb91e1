import { type Code, type Fault, faultAt, type Part, sourceOf } from "./code.ts";
import { type Declared, declarationsOf, exportedNames } from "./declarations.ts";
import { firstSentence } from "./docstring.ts";

/** One name that an entry publishes. */
export interface Exported {
  readonly entry: string;
  readonly name: string;
  readonly declared: Declared;
}

const KINDS: Readonly<Record<string, string>> = {
  FunctionDeclaration: "function",
  TSDeclareFunction: "function",
  ClassDeclaration: "class",
  VariableDeclaration: "value",
  TSInterfaceDeclaration: "type",
  TSTypeAliasDeclaration: "type",
};

/** Every name that an entry publishes and this repository declares, in the order of entries and names. */
export function exportsOf(code: Code): readonly Exported[] {
  return [...code.entries].flatMap(([entry, path]) => {
    const source = sourceOf(code, path);
    const names = [...new Set(exportedNames(code, source))].sort();
    return names.flatMap((name): readonly Exported[] => {
      const all = declarationsOf(code, source, name);
      const declared = all.find(({ doc }) => doc !== "") ?? all[0];
      return declared === undefined ? [] : [{ entry, name, declared }];
    });
  });
}

/** The page of exports. Each needs a docstring. */
export function exportList(exported: readonly Exported[]): Part {
  const faults = exported.flatMap(({ name, declared: { source, statement, doc } }): readonly Fault[] =>
    doc === "" ? [faultAt(source, statement.start, `${name} is exported and has no docstring`)] : [],
  );
  const entries = [...new Set(exported.map(({ entry }) => entry))];
  const sections = entries.map((entry) => {
    const rows = exported.filter((each) => each.entry === entry).map(row);
    return `## ${entry}\n\n${rows.join("\n")}\n`;
  });
  const text = `# Exports\n\nEvery name that the packages export.\n\n${sections.join("\n")}`;
  return { text, names: new Set(exported.map(({ entry, name }) => `${entry} ${name}`)), faults };
}

function row({ name, declared: { node, doc } }: Exported): string {
  return `- \`${name}\` (${KINDS[node.type] ?? "value"}): ${firstSentence(doc)}`;
}
