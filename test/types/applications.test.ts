import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, compilers, installDeclarations, outputOf, type Project } from "./project.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const CURRENT = { compiler: "typescript", moduleResolution: "nodenext" } as const;
// A compiler takes 3 seconds of a free core, and a machine that runs other tests has none.
const TIMEOUT = 180_000;

const ALONE = ["providers.ts", "redis-store.ts", "sql-stores.ts", "token-storage.ts", "validator.ts"];

/** An error, and the line of the source that has it. */
interface Fault {
  readonly line: number;
  readonly message: string;
}

let project: Project;

beforeAll(async () => {
  project = await installDeclarations();
}, TIMEOUT);
afterAll(() => project.remove());

describe.concurrent.each(compilers)("an application that emits declarations with %s", (compiler) => {
  it.each(["bundler", "nodenext"] as const)(
    "compiles with moduleResolution %s",
    async (moduleResolution) => {
      // The declarations of Hono need TypeScript 5.7, and 5.9 takes five times as long for this check.
      const checksDeclarations = compiler === "typescript";
      const compilation = { compiler, moduleResolution, sources: "consumers", checksDeclarations };
      expect(await compile(project, compilation)).toBe("");
      const out = join(project.folder, outputOf(compilation));
      const emitted = readdirSync(out).filter((name) => name.endsWith(".d.ts"));
      expect(emitted).toHaveLength(readdirSync(join(HERE, "consumers")).length);
      const texts = emitted.map((name) => readFileSync(join(out, name), "utf8"));
      expect(texts.filter((text) => /node_modules|\/dist\/|\bany\b/.test(text))).toEqual([]);
    },
    TIMEOUT,
  );
});

// In one program with other files, a name may come from an entry that only those import.
describe.concurrent("an application that imports one package or entry only", () => {
  it.each(ALONE)(
    "compiles %s",
    async (file) => {
      expect(await compile(project, { ...CURRENT, sources: `consumers/${file}` })).toBe("");
    },
    TIMEOUT,
  );
});

describe("an application that misuses a type", () => {
  const files = readdirSync(join(HERE, "misuse"));
  const faults = new Map<string, readonly Fault[]>();

  beforeAll(async () => {
    const printed = await compile(project, { ...CURRENT, sources: "misuse" });
    for (const [, file = "", line, message = ""] of printed.matchAll(/^misuse\/(.+)\((\d+),\d+\): (.+)$/gm))
      faults.set(file, [...(faults.get(file) ?? []), { line: Number(line), message }]);
  }, TIMEOUT);

  it.each(files)("gets one error line: %s", (file) => {
    const lines = readFileSync(join(HERE, "misuse", file), "utf8").split("\n");
    const expected = lines.flatMap((text, index): readonly Fault[] => {
      const message = /^ *\/\/ (error TS\d+: .+)$/.exec(text)?.[1];
      return message === undefined ? [] : [{ line: index + 2, message }];
    });
    expect(expected).not.toEqual([]);
    expect(faults.get(file)).toEqual(expected);
  });
});
