import { makeReference } from "../reference/reference.ts";
import { unknownMentions } from "./mentions.ts";
import type { Gate, Violation } from "./repository.ts";

/** A tree without it has none of the sources that the reference is made from. */
const NEEDED = "packages/core/src/http/routes/list.ts";

/** The reference is what `pnpm reference` would write, and documents name only what there is. */
export const reference: Gate = (repository) => {
  if (!repository.sources.has(NEEDED)) return [];
  const made = makeReference(repository);
  const faults = made.faults.map((fault): Violation => ({ ...fault, rule: "undocumented" }));
  const stale = [...made.files]
    .filter(([path, text]) => repository.files.get(path) !== text)
    .map(([path]): Violation => ({ path, line: 1, rule: "stale", detail: "run pnpm reference" }));
  return [...faults, ...stale, ...unknownMentions(repository, made)];
};
