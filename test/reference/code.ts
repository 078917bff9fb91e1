import { entries } from "../gates/modules.ts";
import type { Repository } from "../gates/repository.ts";
import type { Source } from "../gates/source.ts";

/** The project, and what its packages publish. */
export interface Code extends Repository {
  /** The files of the entries, by the name that an import gives them. */
  readonly entries: ReadonlyMap<string, string>;
}

/** What the reference would say wrongly: a public name without its explanation. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly detail: string;
}

/** A part of the reference, and what keeps it from being complete. */
export interface Part {
  readonly text: string;
  /** What the part explains: the names of exports, options, codes, events or routes. */
  readonly names: ReadonlySet<string>;
  readonly faults: readonly Fault[];
}

export function codeOf(repository: Repository): Code {
  return { ...repository, entries: new Map([...entries(repository)].sort(byRank)) };
}

/** The core comes first, and then the packages by name. */
function byRank([a]: readonly [string, string], [b]: readonly [string, string]): number {
  const rankOf = (entry: string): string => entry.replace(/^@latchkey\/core/, "");
  return rankOf(a) < rankOf(b) ? -1 : 1;
}

export function faultAt(source: Source, offset: number, detail: string): Fault {
  return { path: source.path, line: source.lineAt(offset), detail };
}

export function sourceOf(code: Code, path: string): Source {
  const source = code.sources.get(path);
  if (source === undefined) throw new Error(`${path} is gone: name its new place in test/reference`);
  return source;
}
