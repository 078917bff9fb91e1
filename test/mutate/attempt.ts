import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyEdit, type Edit } from "./edit.ts";

/** Whether the tests notice an edit. */
export type Outcome =
  /** The title of the first test that fails. */
  | { readonly kind: "noticed"; readonly by: string }
  /** The test files in which no test fails. */
  | { readonly kind: "unnoticed"; readonly files: readonly string[] }
  /** The text to find does not occur once in the file. */
  | { readonly kind: "text not found" };

/** The first failing test of a file, and the first line of its message. */
export interface Failure {
  readonly test: string;
  readonly message: string;
}

const TIME_LIMIT = 600_000;

/** Applies an edit to the copy, runs its tests and restores the file. */
export async function attempt(root: string, edit: Edit): Promise<Outcome> {
  const path = join(root, edit.file);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const edited = applyEdit(text, edit);
  if (edited === null) return { kind: "text not found" };
  writeFileSync(path, edited);
  try {
    const failures = await runTests(root, edit.tests, edit.tests.length === 1);
    const files = edit.tests.filter((file) => !failures.has(file));
    const by = [...failures.values()][0]?.test ?? "";
    return files.length === 0 ? { kind: "noticed", by } : { kind: "unnoticed", files };
  } finally {
    writeFileSync(path, text);
  }
}

/** Runs test files. Returns the first failing test of each file, and fails if a file does not run. */
export async function runTests(
  root: string,
  files: readonly string[],
  stopAtFirst: boolean,
): Promise<ReadonlyMap<string, Failure>> {
  const output = join(root, "..", "result.json");
  rmSync(output, { force: true });
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const options = ["run", "--config", "test/vitest.config.ts", "--project", "all"];
  const report = ["--reporter", "json", "--outputFile", output, ...(stopAtFirst ? ["--bail", "1"] : [])];
  const child = spawn(process.execPath, [vitest, ...options, ...report, ...files], {
    cwd: root,
    stdio: "ignore",
    timeout: TIME_LIMIT,
  });
  await once(child, "exit");
  if (!existsSync(output)) throw new Error(`vitest wrote no report for ${files.join(", ")}`);
  return failuresOf(root, JSON.parse(readFileSync(output, "utf8")));
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

// A file that cannot be loaded, such as after an edit that is no JavaScript, notices nothing.
function failuresOf(root: string, { testResults }: Report): ReadonlyMap<string, Failure> {
  const failures = new Map<string, Failure>();
  for (const { name, message, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === "failed");
    if (failed !== undefined) {
      const [first = ""] = failed.failureMessages;
      failures.set(name.slice(root.length + 1), {
        test: failed.fullName,
        message: first.split("\n", 1)[0] ?? "",
      });
    }
    if (assertionResults.length === 0) throw new Error(`${name} has no test: ${message}`);
  }
  return failures;
}
