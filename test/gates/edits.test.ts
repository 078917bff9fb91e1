import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import { expect, it } from "vitest";
import { applyEdit } from "../mutate/edit.ts";
import { edits } from "../mutate/list.ts";

const root = new URL("../..", import.meta.url).pathname;
const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

it("the text of every edit occurs once in its file", () => {
  const lost = edits.filter((edit) => applyEdit(textOf(edit.file), edit) === null);
  expect(lost.map(({ file, find }) => `${file}: ${find}`)).toEqual([]);
});

it("every edit of a TypeScript file leaves one that can be parsed", () => {
  const broken = edits.filter((edit) => {
    if (!edit.file.endsWith(".ts") && !edit.file.endsWith(".tsx")) return false;
    const text = applyEdit(textOf(edit.file), edit);
    return text !== null && parseSync(edit.file, text).errors.length > 0;
  });
  expect(broken.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
});

it("the tests of every edit exist, and no edit has the name of another in its file", () => {
  for (const { tests } of edits)
    for (const path of tests) expect(existsSync(join(root, path)), path).toBe(true);
  const names = edits.map(({ file, name }) => `${file}: ${name}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

it("a text that occurs twice is not found", () => {
  const edit = { name: "", file: "", find: "a", replace: "$&", tests: [] };
  expect([applyEdit("b a c", edit), applyEdit("a a", edit), applyEdit("b", edit)]).toEqual([
    "b $& c",
    null,
    null,
  ]);
});
