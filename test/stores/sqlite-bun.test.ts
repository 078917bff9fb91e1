import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFile } from "./files.ts";

const bun = new URL("../../node_modules/.bin/bun", import.meta.url).pathname;
const script = new URL("./processes/bun-contract.ts", import.meta.url).pathname;

test("bun:sqlite keeps the store contract, in memory and in files", async () => {
  const { stdout } = await promisify(execFile)(bun, [script, temporaryFile()]);
  const result: { cases: number; failures: string[] } = JSON.parse(stdout);
  expect(result.failures).toEqual([]);
  expect(result.cases).toBeGreaterThan(150);
});
