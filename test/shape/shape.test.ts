import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { languageOf } from "../gates/language.ts";
import { sizeOf } from "../gates/size.ts";
import { parseSource } from "../gates/source.ts";
import type { Measure } from "./finding.ts";
import { largestAllowed, type RunningId } from "./goals.ts";

const HERE = new URL(".", import.meta.url);

/** Some measures, by id. */
type Measures = ReadonlyMap<string, Pick<Measure, "value" | "items">>;

const operations: readonly RunningId[] = ["validateLive", "validateExpired", "refresh", "login", "callback"];

describe("the shape of the project", () => {
  let measures: Measures;

  // A process of its own: here the sources are compiled by vitest, and other tests call them.
  beforeAll(async () => {
    const script = fileURLToPath(new URL("run.ts", HERE));
    const { stdout } = await promisify(execFile)(process.execPath, [script, "--json"]);
    const found: readonly Measure[] = JSON.parse(stdout);
    measures = new Map(found.map((measure) => [measure.id, measure]));
  });

  for (const id of [...operations, "loginFrames"] as const) {
    it(`keeps ${id} within its limit`, () => {
      const { value = 0 } = measures.get(id) ?? {};
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThanOrEqual(largestAllowed(id));
    });
  }

  it("counts the files of each package that an operation runs, and no test or entry that only loads", () => {
    for (const id of operations) {
      const { items = [] } = measures.get(id) ?? {};
      expect(items.some((path) => path.startsWith("packages/core/src/"))).toBe(true);
      expect(items.some((path) => path.startsWith("packages/sql/src/"))).toBe(id !== "validateLive");
      expect(items).not.toContain("packages/core/src/index.ts");
      expect(new Set(items).size).toBe(items.length);
    }
  });

  it("follows a login from auth.handle to the file of its route", () => {
    const { items = [] } = measures.get("loginFrames") ?? {};
    expect(items[0]).toMatch(/\/handle\.ts:/);
    expect(items.at(-1)).toMatch(/\/password\.ts:/);
  });
});

describe("the measures", () => {
  it("keep the rules of size and language themselves", () => {
    for (const name of readdirSync(HERE)) {
      const source = parseSource(name, readFileSync(new URL(name, HERE), "utf8"));
      expect([...sizeOf(source), ...languageOf(source)]).toEqual([]);
    }
  });
});
