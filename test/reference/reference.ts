import type { Repository } from "../gates/repository.ts";
import { codeOf, type Fault, type Part } from "./code.ts";
import { errorList } from "./error-list.ts";
import { eventList } from "./event-list.ts";
import { exportList, exportsOf } from "./export-list.ts";
import { llmsFiles } from "./llms.ts";
import { optionList } from "./option-list.ts";
import { routeList } from "./route-list.ts";

export type PageName = "options" | "errors" | "events" | "routes" | "exports";

export interface Reference {
  readonly parts: Readonly<Record<PageName, Part>>;
  /** The text of each file that is made, by its path: the pages of `docs/reference`, and the files for language models. */
  readonly files: ReadonlyMap<string, string>;
  readonly faults: readonly Fault[];
}

/** Makes the reference from the sources. */
export function makeReference(repository: Repository): Reference {
  const code = codeOf(repository);
  const exported = exportsOf(code);
  const parts = {
    options: optionList(code, exported),
    errors: errorList(code),
    events: eventList(code),
    routes: routeList(code),
    exports: exportList(exported),
  };
  const files = Object.entries(parts).map(([name, { text }]): [string, string] => [
    `docs/reference/${name}.md`,
    `<!-- \`pnpm reference\` makes this page from the sources. -->\n\n${text.replaceAll(/\n{3,}/g, "\n\n").trimEnd()}\n`,
  ]);
  const faults = Object.values(parts).flatMap((part) => part.faults);
  const pages = new Map(files);
  return { parts, files: new Map([...pages, ...llmsFiles(repository, pages)]), faults };
}
