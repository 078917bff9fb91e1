import { parseArgs } from "node:util";
import { attempt, type Outcome, runTests } from "./attempt.ts";
import { copyTree } from "./copy.ts";
import type { Edit } from "./edit.ts";
import { edits } from "./list.ts";

// --only takes a part of a name, of a file or of a test file, and can be given more than once. --list prints the names.
const { values: options } = parseArgs({
  options: { only: { type: "string", multiple: true }, list: { type: "boolean" } },
});
const chosen = edits.filter(isChosen);
if (options.list) console.log(chosen.map(({ file, name }) => `${file}: ${name}`).join("\n"));
else process.exitCode = await runAll();

function isChosen({ name, file, tests }: Edit): boolean {
  const { only } = options;
  return (
    only === undefined || only.some((part) => [name, file, ...tests].some((text) => text.includes(part)))
  );
}

async function runAll(): Promise<number> {
  if (chosen.length === 0) throw new Error("no edit has this name");
  const copy = copyTree(new URL("../..", import.meta.url).pathname);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      copy.remove();
      process.exit(1);
    });
  }
  try {
    return (await passesWithoutEdit(copy.root)) ? await runEach(copy.root) : 1;
  } finally {
    copy.remove();
  }
}

/** A test that fails for reasons of its own would seem to notice every edit. */
async function passesWithoutEdit(root: string): Promise<boolean> {
  const files = [...new Set(chosen.flatMap(({ tests }) => tests))];
  console.log(`${files.length} test files without an edit`);
  const failures = await runTests(root, files, false);
  for (const [file, { test, message }] of failures) {
    console.log(`fails without an edit: ${file}: ${test}: ${message}`);
  }
  return failures.size === 0;
}

async function runEach(root: string): Promise<number> {
  let missed = 0;
  for (const [index, edit] of chosen.entries()) {
    const outcome = await attempt(root, edit);
    if (outcome.kind !== "noticed") missed += 1;
    console.log(`${index + 1}/${chosen.length} ${edit.file}: ${edit.name}: ${described(outcome)}`);
  }
  console.log(`${chosen.length - missed} of ${chosen.length} edits are noticed`);
  return missed === 0 ? 0 : 1;
}

function described(outcome: Outcome): string {
  if (outcome.kind === "noticed") return `noticed by "${outcome.by}"`;
  return outcome.kind === "unnoticed" ? `UNNOTICED by ${outcome.files.join(", ")}` : "TEXT NOT FOUND";
}
