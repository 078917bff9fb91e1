import { parseArgs } from "node:util";
import type { Measure } from "./finding.ts";
import { measures } from "./measures.ts";

// --files lists what each value counts, --strict exits 1 where a goal is missed, --json prints the measures for programs.
const { values: options } = parseArgs({
  options: { files: { type: "boolean" }, strict: { type: "boolean" }, json: { type: "boolean" } },
});
const found = await measures();
console.log(options.json ? JSON.stringify(found) : table(found).join("\n"));
if (options.strict && found.some(({ value, goal }) => value > goal)) process.exitCode = 1;

function table(rows: readonly Measure[]): readonly string[] {
  const width = Math.max(...rows.map(({ label }) => label.length));
  const head = `${"measure".padEnd(width)}    now   goal`;
  const lines = rows.flatMap(({ label, value, goal, items }) => {
    const numbers = [value, goal].map((number) => String(number).padStart(5)).join("  ");
    const line = `${label.padEnd(width)}  ${numbers}  ${value <= goal ? "holds" : "missed"}`;
    return options.files ? [line, ...items.map((item) => `  ${item}`)] : [line];
  });
  return [head, ...lines];
}
