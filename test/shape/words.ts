import type { Repository } from "../gates/repository.ts";
import { isTest, occurrences } from "../gates/words.ts";
import { counted, type Finding } from "./finding.ts";

const FIRST: ReadonlySet<string> = new Set(["nobody", "somebody", "whoever", "anew", "meanwhile"]);

/** The words that were forbidden first, in sources and documents. */
export function firstForbiddenWords(repository: Repository): Finding {
  return inSources(repository, (word) => FIRST.has(word));
}

/** The other forbidden words, in sources and documents. */
export function otherForbiddenWords(repository: Repository): Finding {
  return inSources(repository, (word) => !FIRST.has(word));
}

function inSources(repository: Repository, isMeant: (word: string) => boolean): Finding {
  const found = occurrences(repository).filter(({ path, word }) => !isTest(path) && isMeant(word));
  return counted(found.map(({ path, line, word }) => `${path}:${line} ${word}`));
}
